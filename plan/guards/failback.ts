import type { Failback } from "../failback";
import { factsOf, type Observation } from "../observation";
import { learner, voters } from "../order";
import type { PrimaryPlan } from "../primary";
import type { Topology } from "../topology";
import { list, type Verdict, verdict } from "./verdict";

/** What must hold before a lost datacenter is brought back; nothing where there is nothing to bring back. */
export function failbackGuards(
  topology: Topology,
  plan: PrimaryPlan,
  seen: Observation,
  confirm: string | undefined,
): Verdict[] {
  const { failback } = plan;
  if (!failback || failback.finished) {
    return [];
  }
  const wanted = `primary@${failback.epoch}`;
  return [
    verdict(
      "confirmation",
      confirm === wanted
        ? []
        : [`rke-dr:confirm must be "${wanted}", it is ${confirm === undefined ? "not set" : `"${confirm}"`}`],
      `the operator confirmed ${wanted}`,
    ),
    verdict(
      "the failover is over",
      failoverProblems(failback, seen),
      `epoch ${failback.from.epoch} is verified on ${failback.deployHost.name}`,
    ),
    verdict(
      "etcd has quorum",
      quorumProblems(failback, seen),
      `${list(failback.survivors.filter((h) => factsOf(seen, h)?.etcd?.quorum))} answers a linearizable read`,
    ),
    verdict(
      "what RKE knew",
      stateProblems(failback, seen),
      `cluster.rkestate from before epoch ${failback.from.epoch} is on ${failback.deployHost.name}`,
    ),
    verdict(
      "certificates",
      topology.pki === "adopted"
        ? ["topology.pki is adopted: the failback of a cluster that RKE built is not built yet"]
        : [],
      "this program's own",
    ),
    verdict("roles", roleProblems(plan), "each voter of the topology becomes a voter again"),
  ];
}

/** A failover that was never finished is finished first: it is the same command as before. */
function failoverProblems({ from, deployHost, resumed }: Failback, seen: Observation): string[] {
  const steps = factsOf(seen, deployHost)?.steps;
  return resumed || !steps || (steps["rke-up"]?.epoch === from.epoch && steps.verify?.epoch === from.epoch)
    ? []
    : [
        `the failover of epoch ${from.epoch} was not finished on ${deployHost.name}: run \`pulumi up --stack failover\` of that epoch to its end first`,
      ];
}

function quorumProblems({ survivors }: Failback, seen: Observation): string[] {
  return survivors.some((h) => factsOf(seen, h)?.etcd?.quorum)
    ? []
    : [`no survivor's etcd answers a linearizable read (${list(survivors)}): a member can't be added`];
}

function stateProblems({ epoch, from, deployHost }: Failback, seen: Observation): string[] {
  const files = factsOf(seen, deployHost)?.deploy?.files;
  const wanted = `cluster.rkestate.before-epoch-${from.epoch}`;
  const taken = factsOf(seen, deployHost)?.steps["rke-state-back"]?.epoch === epoch;
  return files && !taken && !files.includes(wanted)
    ? [`${deployHost.name}: /etc/rke-dr/${wanted} is missing: it holds what RKE knew of the returned hosts`]
    : [];
}

function roleProblems(plan: PrimaryPlan): string[] {
  const standing = learner(plan.hosts);
  return voters(plan.failback?.survivors ?? []).length === 0
    ? [
        `no survivor is a voter by the topology${standing ? ` (${standing.name} is the learner)` : ""}: making the one that took over a learner again is not built yet`,
      ]
    : [];
}
