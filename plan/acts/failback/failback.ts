import { tolerates } from "../../etcd/quorum";
import { factsOf, type Observation } from "../../facts/observation";
import { installerOf } from "../../installers/installers";
import { leftOutIn, leftOutLine, lostBy } from "../../steps/act";
import { clusterOrder, survivors as hostsBut, voters } from "../../topology/order";
import { inPeace } from "../../topology/site";
import { deployHost, findDatacenter, type Host, type Topology, takesOver } from "../../topology/topology";

/** A failback: the failover that it ends, and the part of each host in it. */
export interface Failback {
  epoch: number;
  /** The failover's epoch, and the datacenter that it gave up. */
  from: { epoch: number; lost: string };
  /** In cluster.yml's order. */
  survivors: Host[];
  returned: Host[];
  /** Those of the returned hosts that the failover gave up although they weren't in the lost datacenter. */
  leftOut: Host[];
  /**
   * The survivor that the failover made etcd's only member, if the topology doesn't have it as a voter: failback takes its vote
   * away, and makes it a learner again if it was one.
   */
  demoted: Host | undefined;
  /** The deploy host that ran the failover: its rkestate is the cluster's. */
  deployHost: Host;
  /** The voters that may keep the leader: those of the datacenter that has the most voters, in cluster.yml's order. */
  preferred: Host[];
  /** On the deploy host: as it is now, and of the whole topology. */
  clusterYml: { before: string; after: string };
  /** The host to which the API's name led before the failover, if it is among those that return: it shall lead there again. */
  endpoint: Host | undefined;
  /** True if a host has a record of this failback already. */
  resumed: boolean;
  /** True if it has been verified: from then on its steps are repaired as those of any primary. */
  finished: boolean;
}

/**
 * The failback of this epoch of `primary`: the one that hosts have recorded, else the one that follows the newest failover on
 * the hosts; undefined if there was no failover to come back from.
 */
export function failbackOf(topology: Topology, epoch: number, seen: Observation): Failback | undefined {
  const known = clusterOrder(topology).flatMap((h) => factsOf(seen, h) ?? []);
  const recorded = known.find((f) => f.plan.role === "failback");
  const newest = known
    .filter((f) => f.epoch < epoch && lostBy(f.act) !== undefined)
    .sort((a, b) => b.epoch - a.epoch)[0];
  const from = recorded
    ? { epoch: Number(recorded.plan.from), lost: recorded.plan.lost ?? "" }
    : newest && { epoch: newest.epoch, lost: lostBy(newest.act) ?? "" };
  const member = recorded
    ? recorded.plan.member
    : (newest?.preflight.earlierPlan.member ?? newest?.preflight.earlierPlan.source);
  if (!from?.lost || !findDatacenter(topology, from.lost) || known.some((f) => f.epoch > epoch)) {
    return undefined;
  }
  const names = recorded
    ? leftOutIn(recorded.plan)
    : known.filter((f) => f.epoch === from.epoch).flatMap((f) => leftOutIn(f.preflight.earlierPlan));
  const isOut = (host: Host) => names.includes(host.name);
  const survivors = hostsBut(topology, from.lost).filter((h) => !isOut(h));
  const returned = clusterOrder(topology).filter((h) => h.datacenter === from.lost || isOut(h));
  const deploy = deployHost(topology, takesOver(topology, from.lost));
  const clusterYml = installerOf(topology).clusterFile(inPeace(topology));
  return {
    epoch,
    from,
    survivors,
    returned,
    leftOut: clusterOrder(topology).filter(isOut),
    demoted: survivors.find((h) => h.name === member && h.etcd !== "voter"),
    deployHost: deploy,
    clusterYml: { before: factsOf(seen, deploy)?.deploy?.clusterYml || clusterYml, after: clusterYml },
    preferred: preferredVoters(topology),
    endpoint: returned.find((h) => h.name === (recorded?.plan.endpoint ?? newest?.preflight.earlierPlan.endpoint)),
    resumed: recorded !== undefined,
    finished: factsOf(seen, deploy)?.steps.verify?.epoch === epoch,
  };
}

/** The record of it that each host keeps, so that a rerun knows of it; `failbackOf` reads it. */
export const failbackRecord = ({ from, leftOut, demoted, endpoint }: Failback): string =>
  [
    `role=failback`,
    `lost=${from.lost}`,
    `from=${from.epoch}`,
    ...leftOutLine(leftOut),
    ...(demoted ? [`member=${demoted.name}`] : []),
    ...(endpoint ? [`endpoint=${endpoint.name}`] : []),
  ].join("\n");

/** The leader belongs where most voters are: there it commits without the other side. */
function preferredVoters(topology: Topology): Host[] {
  const all = voters(clusterOrder(topology));
  const count = (name: string) => all.filter((h) => h.datacenter === name).length;
  const best = topology.datacenters
    .map((dc) => dc.name)
    .reduce((a, b) => (count(b) > count(a) || (count(b) === count(a) && a === topology.standby) ? b : a));
  return all.filter((h) => h.datacenter === best);
}

/** The operator's word for a failback. */
export const failbackWord = (epoch: number): string => `primary@${epoch}`;

/** One sentence: the cost of losing one host while these members vote. */
export function nextFailure(members: string[]): string {
  const spare = tolerates(members.length, members.length);
  const list = members.join(", ");
  if (members.length === 1) {
    return `if ${list} is lost now, the API stops and the only copy of the newest data is gone`;
  }
  return spare === 0
    ? `if one of ${list} is lost now, writes stop until it is back`
    : `any ${spare === 1 ? "one" : spare} of ${list} can be lost without a stop`;
}
