import type { Host, Topology } from "../../topology/topology";

/**
 * The topology as it is once a host has become etcd's only member among the survivors: that host is a voter, whatever it
 * was, and RKE has it as an etcd host. Its cluster.yml, processes and certificates follow from this like any other's. For
 * a survivor that was the only voter it is the topology itself.
 *
 * @param member the host that etcd will run on; undefined where there is none
 */
export function aftermath(topology: Topology, lost: string | undefined, member: Host | undefined): Topology {
  const changed = (host: Host): Host =>
    host.datacenter !== lost && host.name === member?.name && host.etcd !== "voter"
      ? // at the end, as in the cluster.yml that the real RKE took as its own (golden rke-up 35)
        { ...host, etcd: "voter", roles: [...host.roles.filter((role) => role !== "etcd"), "etcd"] }
      : host;
  return { ...topology, datacenters: topology.datacenters.map((dc) => ({ ...dc, hosts: dc.hosts.map(changed) })) };
}
