import type { Failback } from "../acts/failback/failback";
import { withQuorum } from "../acts/failback/living-cluster";
import type { PrimaryPlan } from "../acts/primary/plan";
import { factsOf, type Observation } from "../facts/observation";
import { voters } from "../topology/order";
import type { Topology } from "../topology/topology";
import { list, type Verdict, verdict } from "./verdict";

/** Guards of a failback; empty if no datacenter is to be brought back. */
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
      `${list(withQuorum(failback, seen))} answers a linearizable read`,
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
    verdict("roles", roleProblems(plan), roleWords(failback)),
  ];
}

/** An unfinished failover must be finished first, by the same command as before. */
function failoverProblems({ from, deployHost, resumed }: Failback, seen: Observation): string[] {
  const steps = factsOf(seen, deployHost)?.steps;
  return resumed || !steps || (steps["rke-up"]?.epoch === from.epoch && steps.verify?.epoch === from.epoch)
    ? []
    : [
        `the failover of epoch ${from.epoch} was not finished on ${deployHost.name}: run \`pulumi up --stack failover\` of that epoch to its end first`,
      ];
}

/** A killed run of this failback may have left the survivor's etcd stopped: then the members that this failback has made have the quorum. */
function quorumProblems(failback: Failback, seen: Observation): string[] {
  const { survivors, epoch } = failback;
  const aside = `etcd-before-epoch-${epoch}`;
  const without = survivors.filter((h) => {
    const processes = factsOf(seen, h)?.processes;
    return processes?.[aside] && !processes.etcd;
  });
  return withQuorum(failback, seen).length > 0
    ? []
    : [
        `no survivor's etcd answers a linearizable read (${list(survivors)}), nor does a member that this failback has made, so members can't be changed: \`docker start etcd\` on one of them, then \`up\` again`,
        ...without.map(
          (h) =>
            `${h.name}: its etcd is set aside; \`docker rename ${aside} etcd && docker update --restart=always etcd && docker start etcd\` there brings it back`,
        ),
      ];
}

function stateProblems({ epoch, from, deployHost }: Failback, seen: Observation): string[] {
  const files = factsOf(seen, deployHost)?.deploy?.files;
  const wanted = `cluster.rkestate.before-epoch-${from.epoch}`;
  const taken = factsOf(seen, deployHost)?.steps["rke-state-back"]?.epoch === epoch;
  return files && !taken && !files.includes(wanted)
    ? [`${deployHost.name}: /etc/rke-dr/${wanted} is missing: it holds what RKE knew of the returned hosts`]
    : [];
}

function roleProblems({ failback }: PrimaryPlan): string[] {
  const { survivors = [], demoted, from } = failback ?? {};
  if (voters(survivors).length > 0) {
    return [];
  }
  if (!demoted) {
    return [
      `no survivor is a voter by the topology, and none is recorded as the one that etcd was recovered on in epoch ${from?.epoch}`,
    ];
  }
  return demoted.etcd === "learner"
    ? []
    : [
        `${demoted.name}, which etcd was recovered on, is neither voter nor learner by the topology: that failback is not built yet; \`etcd: learner\` for it in the topology lets it go on`,
      ];
}

const roleWords = ({ demoted }: Failback): string =>
  `each voter of the topology becomes a voter again${demoted ? `, and ${demoted.name} a learner` : ""}`;
