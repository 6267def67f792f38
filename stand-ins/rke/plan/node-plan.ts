/** Everything RKE would run on one host. */
import type { Cluster } from "../cluster";
import type { Host } from "../hosts";
import { checksums } from "./checksums";
import { controllerManagerProcess, kubeApiProcess, schedulerProcess } from "./control";
import { etcdProcess } from "./etcd";
import { type Process, SIDEKICK } from "./process";
import { kubeletProcess, kubeProxyProcess, nginxProxyProcess, sidekickProcess } from "./worker";

export type NodePlan = Record<string, Process>;
type Planned = Pick<Cluster, "config" | "etcd" | "etcdReady" | "control">;

export function nodePlan(cluster: Planned, host: Host): NodePlan {
  const { config } = cluster;
  const plan: NodePlan = {
    [SIDEKICK]: sidekickProcess(config),
    kubelet: kubeletProcess(config, host),
    "kube-proxy": kubeProxyProcess(config, host),
  };
  if (host.isControl) {
    plan["kube-apiserver"] = kubeApiProcess(config, host, cluster.etcd);
    plan["kube-controller-manager"] = controllerManagerProcess(config);
    plan["kube-scheduler"] = schedulerProcess(config);
  } else {
    plan["nginx-proxy"] = nginxProxyProcess(config, cluster.control);
  }
  if (host.isEtcd) {
    const members = cluster.etcdReady.length > 0 ? cluster.etcdReady : cluster.etcd;
    plan.etcd = etcdProcess(config, host, members);
  }
  return plan;
}

/**
 * RKE's planning leaves one more checksum in the configuration for each control plane host it plans for, and saves
 * that to the current state. Harmless but in the releases that compare it (restartsOnChange), and a state without it would
 * not be RKE's.
 */
export function nodePlans(cluster: Planned, hosts: Host[]): Map<Host, NodePlan> {
  const plans = new Map(hosts.map((host) => [host, nodePlan(cluster, host)]));
  const service = cluster.config.services.kubeApi;
  const leaked = hosts.filter((host) => host.isControl).flatMap(() => checksums(cluster.config.kubernetesVersion));
  if (leaked.length > 0) {
    // in the order of RKE's fields, by which the state is written
    const { image, extraArgs, extraBinds, extraEnv = [], ...rest } = service;
    cluster.config.services.kubeApi = {
      image,
      ...(extraArgs ? { extraArgs } : {}),
      ...(extraBinds ? { extraBinds } : {}),
      extraEnv: [...extraEnv, ...leaked],
      ...rest,
    };
  }
  return plans;
}

export function processOf(plans: Map<Host, NodePlan>, host: Host, name: string): Process {
  const process = plans.get(host)?.[name];
  if (process === undefined) throw new Error(`no process [${name}] is planned for host [${host.address}]`);
  return process;
}
