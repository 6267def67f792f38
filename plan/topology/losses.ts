import { controlPlane, learner, voters } from "./order";
import { allHosts, type Host, hasApi, sites, type Topology } from "./topology";

/**
 * A sentence for each datacenter whose loss no act can recover from, because no host that holds the data, or none that serves
 * it, is left.
 */
export function unrecoverable(topology: Topology): string[] {
  return sites(topology).flatMap((lost) => {
    const left = allHosts(topology).filter((h) => h.datacenter !== lost.name);
    const hasQuorum = 2 * voters(left).length > voters(allHosts(topology)).length;
    const lacks = [...lackingData(topology, left, hasQuorum), ...(hasApi(topology) ? lackingApi(left) : [])];
    if (lacks.length === 0) {
      return [];
    }
    const others = sites(topology).filter((dc) => dc.name !== lost.name);
    const where = others.map((dc) => dc.name).join(", ");
    return [
      `the loss of ${lost.name} can't be recovered from: ${where} has ${lacks.map(({ what }) => what).join(", ")}; ${lacks.map(({ remedy }) => remedy).join(" and ")} in ${where} would change that`,
    ];
  });
}

interface Lack {
  what: string;
  remedy: string;
}

/** Snapshots that this program takes lie on the deploy host of the other side. */
const lackingData = (topology: Topology, left: Host[], hasQuorum: boolean): Lack[] =>
  hasQuorum || voters(left).length > 0 || learner(left) || topology.etcd.snapshots
    ? []
    : [{ what: "no voter, no learner", remedy: "a learner (or a voter)" }];

const lackingApi = (left: Host[]): Lack[] =>
  controlPlane(left).length > 0 ? [] : [{ what: "no control plane host", remedy: "a control plane host" }];
