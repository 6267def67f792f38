import type { FailoverPlan } from "../acts/failover/plan";
import { factsOf, type Observation } from "../facts/observation";
import { onlyRunsPods } from "../topology/order";
import type { Host } from "../topology/topology";
import { reachability } from "./identity";

/**
 * Survivors that can't be reached; of a worker also how to go on without it: RKE deletes the Node of a worker
 * that left cluster.yml and only warns if it can't clean the host up (v1.2.7, cluster/reconcile.go, reconcileWorker), after
 * dialling it without a time limit; step `rke-state` does it before RKE, and without dialling.
 * If no survivor at all is reached, the cause is the operator's network.
 */
export function survivorProblems({ survivors }: FailoverPlan, seen: Observation): string[] {
  const sighted = survivors.some((h) => factsOf(seen, h));
  return reachability(survivors, seen, (host) => (sighted ? ways(host) : ownWay));
}

const ownWay = ["No survivor answers: look at your own network, at ssh.bastion, and at ssh.keyPath"];

const ways = (host: Host): string[] => [
  `Bring ${host.name} back: its power, its network, sshd; or restart its docker, if that hangs`,
  ...(onlyRunsPods(host)
    ? [
        `Or take ${host.name} out of Pulumi.yaml (a reviewed change in git): the failover goes on without it and deletes the Node (docs/failover.md, "A worker that died, too")`,
      ]
    : []),
];
