/** RKE's hosts and its questions about lists of them. A host is the same object in every list of one cluster. */
import type { DockerInfo, HostLink } from "./io/world";
import type { NodeConfig } from "./rke-config";

export interface Host {
  readonly node: NodeConfig;
  address: string;
  readonly internalAddress: string;
  readonly name: string;
  isEtcd: boolean;
  isControl: boolean;
  isWorker: boolean;
  toAddLabels: Record<string, string>;
  toDelLabels: Record<string, string>;
  toAddTaints: string[];
  toDelTaints: string[];
  /** The host's etcd joins a cluster that exists: its --initial-cluster-state says so. */
  existingEtcdCluster: boolean;
  toAddEtcdMember: boolean;
  info: DockerInfo;
  link?: HostLink;
}

export interface HostLists {
  etcd: Host[];
  control: Host[];
  worker: Host[];
}

const ROLE_LABEL = {
  etcd: "node-role.kubernetes.io/etcd",
  controlplane: "node-role.kubernetes.io/controlplane",
  worker: "node-role.kubernetes.io/worker",
};

export function hostOf(node: NodeConfig): Host {
  const toAddLabels = { ...node.labels };
  const toDelLabels: Record<string, string> = {};
  for (const role of ["etcd", "controlplane", "worker"] as const) {
    (node.role.includes(role) ? toAddLabels : toDelLabels)[ROLE_LABEL[role]] = "true";
  }
  return {
    node,
    address: node.address,
    internalAddress: node.internalAddress,
    name: node.hostnameOverride,
    isEtcd: node.role.includes("etcd"),
    isControl: node.role.includes("controlplane"),
    isWorker: node.role.includes("worker"),
    toAddLabels,
    toDelLabels,
    toAddTaints: [],
    toDelTaints: [],
    existingEtcdCluster: false,
    toAddEtcdMember: false,
    info: { DockerRootDir: "/var/lib/docker", Architecture: "", ServerVersion: "" },
  };
}

export function listsOf(nodes: NodeConfig[]): HostLists {
  const hosts = nodes.map(hostOf);
  return {
    etcd: hosts.filter((host) => host.isEtcd),
    control: hosts.filter((host) => host.isControl),
    worker: hosts.filter((host) => host.isWorker),
  };
}

/** Every host once. RKE's own order is random (it ranges over a map). */
export function uniqueHosts(lists: HostLists): Host[] {
  return [...new Set([...lists.etcd, ...lists.control, ...lists.worker])];
}

export function hasAddress(hosts: Host[], address: string): boolean {
  return hosts.some((host) => host.address === address);
}

export function without(host: Host, hosts: Host[]): Host[] {
  return hosts.filter((each) => each.address !== host.address);
}

/** Hosts of the state that cluster.yml no longer has; an inactive one counts only if asked for. */
export function toDelete(current: Host[], wanted: Host[], inactive: Host[], includeInactive = false): Host[] {
  return current.filter(
    (host) => !hasAddress(wanted, host.address) && (includeInactive || !hasAddress(inactive, host.address)),
  );
}

export function toAdd(current: Host[], wanted: Host[]): Host[] {
  return wanted.filter((host) => !hasAddress(current, host.address));
}
