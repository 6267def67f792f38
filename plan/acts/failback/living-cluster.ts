import { peerUrl } from "../../etcd/urls";
import type { Reachable } from "../../facts/facts";
import { factsOf, type Observation } from "../../facts/observation";
import type { Host } from "../../topology/topology";
import type { Failback } from "./failback";

/**
 * Whether etcd on a returned host is the member that this failback has made there, by way of a learner on no data. Its old
 * etcd may have a majority of its own and answer linearizable reads, too, for a cluster that the failover has left behind:
 * what it says counts for nothing. Two things tell them apart. The join is recorded in this epoch, and a host is put in
 * quarantine before it. And the record names the member's ID, which etcd has made from the time of `member add`, among other things
 * (etcdserver/api/membership/member.go): no older member has it, nor has one that somebody starts by hand.
 * Neither the cluster's ID nor the survivor in the member list proves anything: the old cluster has both, too, where the
 * survivor's data was forced.
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

/** Whose word on who is a member counts: the survivors', and that of members that this failback has made. */
export const isTrusted =
  ({ epoch, survivors }: Failback, seen: Observation) =>
  (host: Host): boolean =>
    survivors.some((s) => s.name === host.name) || readmitted(epoch, host, factsOf(seen, host));

/** Hosts of the living cluster whose etcd answers a linearizable read. */
export function withQuorum(failback: Failback, seen: Observation): Host[] {
  const trusted = isTrusted(failback, seen);
  return [...failback.survivors, ...failback.returned].filter((h) => trusted(h) && factsOf(seen, h)?.etcd?.quorum);
}
