import { allHosts, type Host, type Topology } from "./topology";

/**
 * The hosts in cluster.yml's order: the standby's first, unless the topology has the `order` of an existing cluster. The API
 * server's certificate has its SANs in this order, and RKE compares them one by one. With the standby first, the loss of the
 * other side moves the lost hosts from the end of the list to `authentication.sans`, which RKE appends at the end: the
 * certificate stays the same.
 */
export function clusterOrder(topology: Topology): Host[] {
  const hosts = allHosts(topology);
  const { order } = topology;
  if (topology.installer !== "rke") {
    // kubeadm keeps no list; the topology's order is that in which the hosts joined. An inventory's order is the topology's, too
    return hosts;
  }
  if (order) {
    return [...hosts].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  }
  return [
    ...hosts.filter((h) => h.datacenter === topology.standby),
    ...hosts.filter((h) => h.datacenter !== topology.standby),
  ];
}

/** True if, of the hosts that certificates and --initial-cluster name, the standby's are the first: a failover keeps that order. */
export function standbyIsFirst(topology: Topology): boolean {
  const named = (hosts: Host[]) => hosts.filter((h) => voters([h]).length + controlPlane([h]).length > 0);
  const listed = named(clusterOrder(topology)).map((h) => h.datacenter === topology.standby);
  return listed.lastIndexOf(true) === listed.filter(Boolean).length - 1;
}

/** The hosts that are left, in cluster.yml's order, when a datacenter is gone. */
export function survivors(topology: Topology, lost: string): Host[] {
  return clusterOrder(topology).filter((h) => h.datacenter !== lost);
}

export function lostHosts(topology: Topology, lost: string): Host[] {
  return clusterOrder(topology).filter((h) => h.datacenter === lost);
}

export const voters = (hosts: Host[]): Host[] => hosts.filter((h) => h.etcd === "voter");
/** The host that follows the voters without a vote; parseTopology refuses a second one. */
export const learner = (hosts: Host[]): Host | undefined => hosts.find((h) => h.etcd === "learner");
/** True if the host holds or serves the cluster's data; any other host can't serve old data. */
export const hasEtcdOrApi = (host: Host): boolean => host.etcd !== "none" || host.roles.includes("controlplane");

/** An etcd on a host of its own, apart from all else. */
export const onlyHasEtcd = (host: Host): boolean => host.roles.every((role) => role === "etcd");

/** A worker and nothing else. */
export const onlyRunsPods = (host: Host): boolean => !hasEtcdOrApi(host);

/**
 * The control plane hosts of datacenters that have no member of etcd: after the loss of the others etcd comes back on one of them, from a
 * snapshot.
 */
export function sparesForEtcd(hosts: Host[]): Host[] {
  const withEtcd = new Set(hosts.filter((h) => h.etcd !== "none").map((h) => h.datacenter));
  return controlPlane(hosts).filter((h) => !withEtcd.has(h.datacenter));
}

export const controlPlane = (hosts: Host[]): Host[] => hosts.filter((h) => h.roles.includes("controlplane"));

/** The names by which RKE lists a control plane host in certificates: address, internal address, host name. */
export function namesInCertificates(host: Host): string[] {
  return [...new Set([host.address, host.internalAddress, host.name])];
}

/**
 * `authentication.sans`: the topology's own and, before them, the control plane hosts among those that were given up, as RKE
 * listed them when they were nodes.
 */
export const apiSans = (topology: Topology, gone: Host[] = []): string[] => [
  ...controlPlane(gone).flatMap(namesInCertificates),
  ...topology.kubeApi.sans,
];
