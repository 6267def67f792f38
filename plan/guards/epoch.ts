import type { FailoverPlan } from "../acts/failover/plan";
import { type PrimaryPlan, primaryAct } from "../acts/primary/plan";
import { hasBegun } from "../etcd/source-record";
import type { Reachable } from "../facts/facts";
import { factsOf, type Observation } from "../facts/observation";
import { lostBy } from "../steps/act";
import { allHosts, type Topology } from "../topology/topology";
import { problem } from "./verdict";

const set = (key: string, value: string | number, stack = "failover"): string =>
  `\`pulumi config set ${key.includes(".") ? "--path " : ""}${key} ${value} --stack ${stack}\``;

/** A failover must be newer than every act that a survivor knows, or the same act again. */
export function failoverEpochProblems(plan: FailoverPlan, seen: Observation): string[] {
  const { epoch, lost } = plan.settings;
  const newest = Math.max(epoch, ...plan.survivors.map((h) => factsOf(seen, h)?.epoch ?? 0));
  return plan.survivors.flatMap((h) => {
    const facts = factsOf(seen, h);
    if (!facts || facts.epoch < epoch || (facts.epoch === epoch && facts.act === plan.act)) {
      return [];
    }
    if (facts.epoch > epoch) {
      return [
        problem(
          `${h.name}: an epoch older than the host's is refused, it is at ${facts.epoch} (${facts.act}): ${epoch}`,
          `Whose act is that? \`cat /var/lib/rke-dr/act\` there. Ask them before you go on`,
          ...(lostBy(facts.act) === lost
            ? [
                `It gave up ${lost} already. To go on with it: ${set("epoch", facts.epoch)}, ${set("confirm", `${lost}@${facts.epoch}`)}`,
              ]
            : [`A new failover: ${set("epoch", newest + 1)}, ${set("confirm", `${lost}@${newest + 1}`)}`]),
        ),
      ];
    }
    return [
      problem(
        `${h.name}: epoch ${epoch} is another act's there (${facts.act}): ${plan.act}`,
        ...otherAct(plan, facts, seen),
      ),
    ];
  });
}

/** An act that has begun is gone on with as it was; one that only claimed its epoch is left, and this one takes the next. */
function otherAct({ survivors, settings }: FailoverPlan, { act }: Reachable, seen: Observation): string[] {
  const { epoch, lost } = settings;
  const next = `${set("epoch", epoch + 1)}, ${set("confirm", `${lost}@${epoch + 1}`)}`;
  const beginner = survivors.find((h) => hasBegun(seen, h, epoch));
  if (!beginner) {
    return [`That act has changed nothing. This one takes the next epoch: ${next}`];
  }
  const [, before = "", method = "", source = ""] = /^failover:([^:]+):([^:]+):(.*)$/.exec(act ?? "") ?? [];
  const keys = [
    ...(before === lost ? [] : [set("lost", before), set("confirm", `${before}@${epoch}`)]),
    ...(method === "forceNewCluster" || !source.startsWith("/")
      ? [set("recover.method", method)]
      : ["`pulumi config rm --path recover.method --stack failover`"]),
    set("recover.from", source),
  ];
  const began = factsOf(seen, beginner);
  // an etcd that serves isn't superseded: guard `earlier acts` would send back here
  const failed =
    !began?.etcd?.quorum &&
    began?.preflight.failures.find((f) => f.epoch === epoch && (f.step === "etcd-member" || f.step === "etcd-restore"));
  return [
    `It has begun on ${beginner.name}. Go on with it as it was: ${keys.join(", ")}`,
    ...(failed ? [`Its step ${failed.step} failed. If it fails again, this act can supersede it: ${next}`] : []),
  ];
}

/** `primary` takes an epoch of its own in peace, and the next one after a failover. */
export function primaryEpochProblems(topology: Topology, plan: PrimaryPlan, seen: Observation): string[] {
  return allHosts(topology).flatMap((h) => {
    const facts = factsOf(seen, h);
    if (!facts || facts.epoch === 0 || (facts.epoch === plan.epoch && facts.act === primaryAct)) {
      return [];
    }
    const found = `it is at ${facts.epoch} (${facts.act})`;
    if (facts.epoch > plan.epoch) {
      const lost = lostBy(facts.act);
      return [
        problem(
          `${h.name}: an epoch older than the host's is refused, ${found}: ${plan.epoch}`,
          lost
            ? `To bring ${lost} back once the failover is over: ${set("epoch", facts.epoch + 1, "primary")} (docs/failback.md)`
            : `The cluster is at that epoch: ${set("epoch", facts.epoch, "primary")}`,
        ),
      ];
    }
    if (facts.epoch === plan.epoch) {
      return [
        problem(
          `${h.name}: epoch ${plan.epoch} is another act's there (${facts.act}): ${primaryAct}`,
          `A failback takes the next epoch: ${set("epoch", plan.epoch + 1, "primary")}`,
        ),
      ];
    }
    const reached = plan.hosts.some((other) => (factsOf(seen, other)?.epoch ?? 0) >= plan.epoch);
    return plan.failback || reached
      ? []
      : [
          problem(
            `${h.name}: a newer epoch is a failback's, and there was no failover, ${found}: ${plan.epoch}`,
            set("epoch", facts.epoch, "primary"),
          ),
        ];
  });
}
