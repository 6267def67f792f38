import { recoveredOn } from "../acts/failover/left-out";
import type { FailoverPlan } from "../acts/failover/plan";
import { factsOf, type Observation } from "../facts/observation";
import { onlyRunsPods } from "../topology/order";
import type { Host } from "../topology/topology";
import { reachability } from "./identity";
import { list } from "./verdict";

/**
 * Survivors that can't be reached; if some of them are workers, also how to go on without these: RKE deletes the Node of a worker
 * that left cluster.yml and only warns if it can't clean the host up (v1.2.7, cluster/reconcile.go, reconcileWorker), after
 * dialling it without a time limit; step `rke-state` does it before RKE, and without dialling.
 * If no survivor at all is reached, the cause is the operator's network, so the advice is left out.
 */
export function survivorProblems({ survivors }: FailoverPlan, seen: Observation): string[] {
  const problems = reachability(survivors, seen);
  const isAway = (host: Host) => reachability([host], seen).length > 0;
  const workers = survivors.filter((h) => onlyRunsPods(h) && isAway(h));
  const sighted = survivors.some((h) => factsOf(seen, h));
  const recovered = survivors.filter((h) => isAway(h) && recoveredOn(survivors, seen).includes(h.name));
  return [
    ...problems,
    ...(workers.length === 0 || !sighted ? [] : [wayOn(workers)]),
    ...(recovered.length === 0 ? [] : [newest(recovered)]),
  ];
}

/** Not given up like other members: where the operator can't reach it, it may serve. */
const newest = (hosts: Host[]): string =>
  `etcd was recovered on ${list(hosts)} by a failover that no failback has ended, so newer data may be there than on any other survivor: bring it back; or, if it is gone for good, take it out of the topology (a reviewed change in git)`;

/** The survivors, and the members of etcd that the act gives up because they can't be reached. */
export const survivorWords = ({ survivors, leftOut }: FailoverPlan): string =>
  leftOut.length === 0
    ? list(survivors)
    : `${list(survivors)}; ${list(leftOut)} can't be reached, or was given up by an earlier run of this act: the act goes on without it, and it returns by a failback`;

function wayOn(workers: Host[]): string {
  const them = workers.length === 1 ? "it" : "them";
  return `bring ${list(workers)} back; or, if that takes too long, take ${them} out of the topology (a reviewed change in git): the failover goes on without ${them} and deletes the Node (docs/failover.md, "A worker that died, too")`;
}
