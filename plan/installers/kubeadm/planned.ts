import { writeManifest } from "../../runtimes/static-pod/manifest";
import type { Pod } from "../../runtimes/static-pod/pod";
import type { ClusterConfiguration, KubeadmHost } from "./configuration";
import { controllerManagerPod, schedulerPod } from "./controllers";
import { etcdPod, type Member } from "./etcd";
import { apiServerPod } from "./kube-apiserver";
import { rootless } from "./rootless";
import { type Rules, rulesOf } from "./versions";

/** The components that kubeadm runs on a control plane host, each with a manifest of its own: etcd.yaml, ... */
export const components = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;
export type ComponentName = (typeof components)[number];

/** A host as the moment finds it that kubeadm writes its manifests. */
export interface Planned {
  host: KubeadmHost;
  /** `kubeadm init` begins with this member alone; a join lists all members at that moment, the host's own among them. */
  joins: Member[];
}

/** The static pods of a control plane host; without etcd if it is external. */
export function plannedPods(
  cluster: ClusterConfiguration,
  { host, joins }: Planned,
): Partial<Record<ComponentName, Pod>> {
  const rules = rulesOf(cluster.kubernetesVersion);
  const isRootless = cluster.featureGates.RootlessControlPlane === true;
  return Object.fromEntries(
    components.flatMap((name) => {
      const pod = podOf(name, cluster, { host, joins }, rules);
      return pod === undefined ? [] : [[name, isRootless ? rootless(pod, name, host.ids) : pod]];
    }),
  );
}

/**
 * The manifests of a control plane host by file name, byte by byte as kubeadm writes them (golden kubeadm). The order of
 * --initial-cluster is that of `joins`: etcd's own answer to a join has no fixed one.
 */
export const planned = (cluster: ClusterConfiguration, of: Planned): Record<string, string> =>
  Object.fromEntries(
    Object.entries(plannedPods(cluster, of)).map(([name, pod]) => [`${name}.yaml`, writeManifest(pod)]),
  );

function podOf(
  name: ComponentName,
  cluster: ClusterConfiguration,
  { host, joins }: Planned,
  rules: Rules,
): Pod | undefined {
  switch (name) {
    case "etcd":
      return cluster.etcd.local ? etcdPod(cluster, cluster.etcd.local, host, joins, rules) : undefined;
    case "kube-apiserver":
      return apiServerPod(cluster, host, rules);
    case "kube-controller-manager":
      return controllerManagerPod(cluster, host, rules);
    case "kube-scheduler":
      return schedulerPod(cluster, host, rules);
    default:
      return name satisfies never;
  }
}
