import { factsOf, type Observation } from "../facts/observation";
import { installerOf } from "../installers/installers";
import { argument, commandOf } from "../runtimes/process";
import { controlPlane } from "../topology/order";
import { type Host, hasApi, type Topology } from "../topology/topology";
import { problem, type Verdict, verdict } from "./verdict";

/** Whether acts know all that etcd is on these hosts; no line of preview for an installer whose etcd is no unit. */
export const etcdUnitVerdict = (topology: Topology, hosts: Host[], seen: Observation): Verdict[] =>
  topology.etcdUnit === undefined
    ? []
    : [
        verdict(
          "etcd's unit",
          [...wrapperProblems(hosts, seen), ...secondEtcdProblems(topology, hosts, seen)],
          `each starts etcd itself${hasApi(topology) ? ", and kube-apiserver asks no other etcd" : ""}`,
        ),
      ];

/** Units that start a container or a script: an act would start it again in the belief that it is etcd, with data and network of the host's own etcd. */
const wrapperProblems = (hosts: Host[], seen: Observation): string[] =>
  hosts.flatMap((host) => {
    const wrapper = factsOf(seen, host)?.processes.etcd?.wrapper;
    return wrapper === undefined
      ? []
      : [
          problem(
            `${host.name}: etcd.service must start etcd itself, not a container or a script: ${wrapper}`,
            "Move etcd to the host first: for kubespray `etcd_deployment_type: host` and its playbook; for a script, write its flags into ExecStart= or the EnvironmentFile=",
            "If the cluster is lost already, recover it by the installer's own means: this program changes nothing there",
          ),
        ];
  });

/** Control planes that keep a part of their objects, as kubespray's events, in an etcd that no act recovers. */
const secondEtcdProblems = (topology: Topology, hosts: Host[], seen: Observation): string[] =>
  controlPlane(hosts).flatMap((host) => {
    const found = factsOf(seen, host)?.processes["kube-apiserver"];
    const other = found && argument(commandOf(found.process), "etcd-servers-overrides");
    return other === undefined
      ? []
      : [
          problem(
            `${host.name}: kube-apiserver must ask one etcd for all objects: it has --etcd-servers-overrides=${other}`,
            `An act recovers ${installerOf(topology).memberName(host)} and its peers alone; take the flag out of /etc/kubernetes/manifests/kube-apiserver.yaml there: new events go into the main etcd then, and older ones are no longer seen`,
          ),
        ];
  });
