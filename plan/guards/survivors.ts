import { recoveredOn } from "../acts/failover/left-out";
import type { FailoverPlan } from "../acts/failover/plan";
import { factsOf, type Observation } from "../facts/observation";
import { installerOf } from "../installers/installers";
import { onlyRunsPods } from "../topology/order";
import type { Host } from "../topology/topology";
import { reachability } from "./identity";
import { list, problem } from "./verdict";

/**
 * Survivors that can't be reached; of a worker also how to go on without it: RKE deletes the Node of a worker
 * that left cluster.yml and only warns if it can't clean the host up (v1.2.7, cluster/reconcile.go, reconcileWorker), after
 * dialling it without a time limit; step `rke-state` does it before RKE, and without dialling.
 * If no survivor at all is reached, the cause is the operator's network.
 */
export function survivorProblems(plan: FailoverPlan, seen: Observation): string[] {
  const { survivors } = plan;
  const { runtimeOn } = installerOf(plan.site);
  const sighted = survivors.some((h) => factsOf(seen, h));
  const recovered = recoveredOn(survivors, seen);
  return [
    ...reachability(survivors, seen, (host) =>
      sighted ? ways(host, recovered.includes(host.name), runtimeOn(host).daemon.name) : ownWay,
    ),
    ...tooMany(plan),
  ];
}

/** Other members of etcd that survive and that no act could join to the recovered one. */
function tooMany({ others, site, source }: FailoverPlan): string[] {
  const { joinsSurvivors, title } = installerOf(site);
  return joinsSurvivors || source === undefined
    ? []
    : others.map((host) =>
        problem(
          `${host.name}: of a cluster that ${title} made, one member of etcd may survive the loss for now: it does beside ${source.host.name}`,
          `Power ${host.name} off: then it is given up as well, and joins again afterwards as ${title} joins a control plane host (docs/quickstart.md)`,
          `Power ${source.host.name} off instead, if ${host.name} has the newer data by the table of sources`,
        ),
      );
}

/** The survivors, and the members of etcd that the act gives up because they can't be reached. */
export const survivorWords = ({ survivors, leftOut }: FailoverPlan): string =>
  leftOut.length === 0
    ? list(survivors)
    : `${list(survivors)}; ${list(leftOut)} can't be reached, or was given up by an earlier run of this act: the act goes on without it, and it returns by a failback`;

const ownWay = ["No survivor answers: look at your own network, at ssh.bastion, and at ssh.keyPath"];

/** @param isNewest etcd was recovered there and may serve: the host isn't given up like other members, as the operator alone may be cut off */
const ways = (host: Host, isNewest: boolean, daemon: string): string[] => [
  `Bring ${host.name} back: its power, its network, sshd; or restart its ${daemon}, if that hangs`,
  ...(onlyRunsPods(host)
    ? [
        `Or take ${host.name} out of Pulumi.yaml (a reviewed change in git): the failover goes on without it and deletes the Node (docs/failover.md, "A worker that died, too")`,
      ]
    : []),
  ...(isNewest
    ? [
        `etcd was recovered on ${host.name} by a failover that no failback has ended: newer data may be there than on any other survivor`,
        `Only if it is gone for good: take ${host.name} out of Pulumi.yaml (a reviewed change in git)`,
      ]
    : []),
];
