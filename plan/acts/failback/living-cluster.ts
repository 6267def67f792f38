import { peerUrl } from "../../etcd/urls";
import type { Reachable } from "../../facts/facts";
import { factsOf, type Observation } from "../../facts/observation";
import type { Host } from "../../topology/topology";
import type { Failback } from "./failback";

/**
 * True if etcd on a returned host is the member that this failback has made there, which began as a learner without data. The
 * host's old etcd may have a majority of its own and answer linearizable reads, too, but for a cluster that the failover has
 * left behind: its answers must not count. Two facts distinguish the new member. The join is recorded in this epoch, and a host
 * is put in quarantine before it joins. And the record has the member's ID, which etcd makes from the time of `member add`,
 * among other things (etcdserver/api/membership/member.go): no older member has this ID, nor has one that is started by hand.
 * The cluster's ID and the survivor's place in the member list prove nothing: if the survivor's data was forced, the old
 * cluster has both, too.
 */
export function readmitted(epoch: number, host: Host, facts: Reachable | undefined): boolean {
  const join = facts?.steps["etcd-join"];
  const own = facts?.members.find((m) => m.peerUrls.includes(peerUrl(host)));
  return (
    facts?.epoch === epoch &&
    facts.plan.role === "failback" &&
    join?.epoch === epoch &&
    own !== undefined &&
    own.id === join.facts.member
  );
}

/** True for hosts whose member list counts: the survivors, and members that this failback has made. */
export const isTrusted =
  ({ epoch, survivors }: Failback, seen: Observation) =>
  (host: Host): boolean =>
    survivors.some((s) => s.name === host.name) || readmitted(epoch, host, factsOf(seen, host));

/** Hosts of the living cluster whose etcd answers a linearizable read. */
export function withQuorum(failback: Failback, seen: Observation): Host[] {
  const trusted = isTrusted(failback, seen);
  return [...failback.survivors, ...failback.returned].filter((h) => trusted(h) && factsOf(seen, h)?.etcd?.quorum);
}
