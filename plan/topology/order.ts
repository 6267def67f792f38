import { allHosts, type Host, type Topology } from "./topology";

/**
 * The hosts in cluster.yml's order: the standby's first, unless the topology keeps the order of an existing one. The order decides the order of SANs in the API server's
 * certificate, which RKE compares one by one; with the standby first, losing the other side moves the lost hosts from
 * the end of the list to `authentication.sans`, which RKE appends at the end: the same certificate before and after.
 */
export function clusterOrder(topology: Topology): Host[] {
  const hosts = allHosts(topology);
  const { order } = topology;
  if (order) {
    return [...hosts].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  }
  return [
    ...hosts.filter((h) => h.datacenter === topology.standby),
    ...hosts.filter((h) => h.datacenter !== topology.standby),
  ];
}

/** Whether the hosts that certificates and --initial-cluster name stand in the order that a failover leaves alone. */
export function standbyIsFirst(topology: Topology): boolean {
  const named = (hosts: Host[]) => hosts.filter((h) => voters([h]).length + controlPlane([h]).length > 0);
  const listed = named(clusterOrder(topology)).map((h) => h.datacenter === topology.standby);
  return listed.lastIndexOf(true) === listed.filter(Boolean).length - 1;
}

/** What is left, in cluster.yml's order, when a datacenter is gone. */
export function survivors(topology: Topology, lost: string): Host[] {
  return clusterOrder(topology).filter((h) => h.datacenter !== lost);
}

export function lostHosts(topology: Topology, lost: string): Host[] {
  return clusterOrder(topology).filter((h) => h.datacenter === lost);
}

export const voters = (hosts: Host[]): Host[] => hosts.filter((h) => h.etcd === "voter");
/** The host that follows the voters without a vote; parseTopology lets none but one be it. */
export const learner = (hosts: Host[]): Host | undefined => hosts.find((h) => h.etcd === "learner");
/** Whether it holds or serves the cluster's data; a host that does neither can't serve old data. */
export const hasEtcdOrApi = (host: Host): boolean => host.etcd !== "none" || host.roles.includes("controlplane");

/** A worker and nothing else. */
export const onlyRunsPods = (host: Host): boolean => !hasEtcdOrApi(host);

export const controlPlane = (hosts: Host[]): Host[] => hosts.filter((h) => h.roles.includes("controlplane"));

/** The names by which RKE lists a control plane host in certificates: address, internal address, host name. */
export function namesInCertificates(host: Host): string[] {
  return [...new Set([host.address, host.internalAddress, host.name])];
}

/**
 * `authentication.sans`: the topology's own and, before them, after the loss of a datacenter its control plane hosts, as RKE
 * listed them when they were nodes.
 */
export function apiSans(topology: Topology, lost?: string): string[] {
  const gone = lost === undefined ? [] : controlPlane(lostHosts(topology, lost));
  return [...gone.flatMap(namesInCertificates), ...topology.kubeApi.sans];
}
