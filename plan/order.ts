import { allHosts, type Host, type Topology } from "./topology";

/**
 * The hosts in cluster.yml's order: the standby's first. The order decides the order of SANs in the API server's
 * certificate, which RKE compares one by one; with the standby first, losing the other side moves the lost hosts from
 * the end of the list to `authentication.sans`, which RKE appends at the end: the same certificate before and after.
 */
export function clusterOrder(topology: Topology): Host[] {
  const hosts = allHosts(topology);
  return [
    ...hosts.filter((h) => h.datacenter === topology.standby),
    ...hosts.filter((h) => h.datacenter !== topology.standby),
  ];
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
export const controlPlane = (hosts: Host[]): Host[] => hosts.filter((h) => h.roles.includes("controlplane"));

/** The names by which RKE lists a control plane host in certificates: address, internal address, host name. */
export function namesInCertificates(host: Host): string[] {
  return [...new Set([host.address, host.internalAddress, host.name])];
}

/**
 * `authentication.sans` after the loss of a datacenter: its control plane hosts, as RKE listed them when they were nodes.
 */
export function lostSans(topology: Topology, lost: string): string[] {
  return controlPlane(lostHosts(topology, lost)).flatMap(namesInCertificates);
}
