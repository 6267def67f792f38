import { apiSans, clusterOrder, controlPlane, learner, lostHosts, survivors, voters } from "./order";
import { deployHost, type Host, type Topology, takesOver } from "./topology";

/**
 * The cluster as it runs at one moment: in peace, or after a datacenter is given up. Processes, certificates and cluster.yml
 * follow from it. A topology, which declares the cluster once for all moments, is not a site, and a site is no topology: a
 * function that takes the one does not accept the other.
 */
export interface Site extends Omit<Topology, "datacenters" | "order"> {
  /** In cluster.yml's order, each with the part in etcd that it has at this moment. */
  hosts: Host[];
  voters: Host[];
  learner: Host | undefined;
  controlPlane: Host[];
  /** The hosts of the datacenter that was given up; empty in peace. */
  lost: Host[];
  /** `authentication.sans` of cluster.yml: names in the API server's certificate beside those of `hosts`. */
  sans: string[];
  /** The host from which the installer runs: of the standby, or of the datacenter that takes over. */
  deployHost: Host;
}

/** A site of these hosts; what follows from their roles is derived. */
export function siteOf(
  { datacenters: _hosts, order: _order, ...settings }: Topology,
  { hosts, lost, sans, deployHost }: Pick<Site, "hosts" | "lost" | "sans" | "deployHost">,
): Site {
  return {
    ...settings,
    hosts,
    voters: voters(hosts),
    learner: learner(hosts),
    controlPlane: controlPlane(hosts),
    lost,
    sans,
    deployHost,
  };
}

/** The whole cluster. */
export const inPeace = (topology: Topology): Site =>
  siteOf(topology, {
    hosts: clusterOrder(topology),
    lost: [],
    sans: apiSans(topology),
    deployHost: deployHost(topology, topology.standby),
  });

/**
 * The cluster without a datacenter, once a host has become etcd's only member: that host is a voter, even if it was a learner before,
 * and RKE has it as an etcd host.
 *
 * @param member the host that etcd will run on; undefined if no source was found
 */
export function afterLoss(topology: Topology, lost: string, member: Host | undefined): Site {
  const hosts = survivors(topology, lost).map((h) => (h.name === member?.name ? asVoter(h) : h));
  const deploying = deployHost(topology, takesOver(topology, lost));
  return siteOf(topology, {
    hosts,
    lost: lostHosts(topology, lost),
    sans: apiSans(topology, lost),
    deployHost: hosts.find((h) => h.name === deploying.name) ?? deploying,
  });
}

/** The role etcd comes last, as in the cluster.yml that the real RKE took over (golden rke-up 35). */
const asVoter = (host: Host): Host =>
  host.etcd === "voter"
    ? host
    : { ...host, etcd: "voter", roles: [...host.roles.filter((role) => role !== "etcd"), "etcd"] };
