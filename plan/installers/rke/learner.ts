import { docker } from "../../runtimes/docker/docker";
import { type Process, withArgument } from "../../runtimes/process";
import type { Running } from "../../runtimes/running";
import { clusterOrder, voters } from "../../topology/order";
import type { Host, Topology } from "../../topology/topology";
import { type Certificate, etcdLeaf } from "./certificates";
import { etcdProcess, initialCluster } from "./etcd";

/**
 * A member that joins a living cluster, in the shape that RKE gives etcd on that host. It differs from RKE's plan in
 * `--initial-cluster` (the voters and itself) and `--initial-cluster-state`; etcd reads both only until it has data
 * (etcdserver/server.go NewServer).
 *
 * @param hosts the hosts of cluster.yml, in its order
 */
export function joiningProcess(topology: Topology, hosts: Host[], host: Host, architecture: string): Process {
  const planned = etcdProcess(topology, hosts, host, architecture);
  const members = [...voters(hosts).filter((h) => h.name !== host.name), host];
  return {
    ...planned,
    cmd: withArgument(
      withArgument(planned.cmd, "initial-cluster", initialCluster(members)),
      "initial-cluster-state",
      "existing",
    ),
  };
}

/** The learner's container: it stays a joining member for good, RKE knows nothing of it. */
export const learnerProcess = joiningProcess;

/** Where a learner's process isn't as planned, as lines "- planned" and "+ found". */
export const learnerDiffers =
  (topology: Topology) =>
  (host: Host, architecture: string, found: Running): string[] =>
    docker.differs(learnerProcess(topology, clusterOrder(topology), host, architecture), found.process);

/**
 * The learner's certificate, which RKE gives to no host without the role etcd. Its SANs are its own host's alone: those
 * that RKE wants when, after a failover, that host is the only etcd host (golden learner.failover-managed.yml), so that it
 * takes this one as its own (pki/services.go GenerateEtcdCertificates).
 */
export const learnerCertificate = (topology: Topology, learner: Host): Certificate =>
  etcdLeaf(topology, learner, [learner]);
