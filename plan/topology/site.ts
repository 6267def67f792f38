import { apiSans, clusterOrder, controlPlane, learner, survivors, voters } from "./order";
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
  /** The hosts that were given up, in cluster.yml's order: those of the lost datacenter, and survivors that can't be reached; empty in peace. */
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
 * The cluster without a datacenter, as a failover leaves it: the host that etcd is recovered on is a voter, even if it was a learner
 * before, and RKE has it as an etcd host. The other surviving members keep their part.
 *
 * @param member the host that etcd is recovered on; undefined if no source was found
 * @param leftOut survivors that can't be reached, which are given up, too
 */
export function afterLoss(topology: Topology, lost: string, member: Host | undefined, leftOut: Host[] = []): Site {
  const isLeftOut = (host: Host) => leftOut.some((h) => h.name === host.name);
  const hosts = survivors(topology, lost)
    .filter((h) => !isLeftOut(h))
    .map((h) => (h.name === member?.name ? asVoter(h) : h));
  const gone = clusterOrder(topology).filter((h) => h.datacenter === lost || isLeftOut(h));
  const deploying = deployHost(topology, takesOver(topology, lost));
  return siteOf(topology, {
    hosts,
    lost: gone,
    sans: apiSans(topology, gone),
    deployHost: hosts.find((h) => h.name === deploying.name) ?? deploying,
  });
}

/** The same with these voters alone, while the other members haven't joined yet. */
export const withVoters = (site: Site, members: Host[]): Site => ({ ...site, voters: members });

/** The role etcd comes last, as in the cluster.yml that the real RKE took over (golden rke-up 35). */
const asVoter = (host: Host): Host =>
  host.etcd === "voter"
    ? host
    : { ...host, etcd: "voter", roles: [...host.roles.filter((role) => role !== "etcd"), "etcd"] };
