import type { FailoverPlan } from "../acts/failover/plan";
import type { Reachable } from "../facts/facts";
import { factsOf, type Observation } from "../facts/observation";
import type { FailedStep } from "../facts/preflight";
import { lostBy } from "../steps/act";
import type { Host } from "../topology/topology";
import { problem } from "./verdict";

/** An earlier failover that was begun and whose etcd couldn't be brought up. */
interface FailedAct {
  host: Host;
  facts: Reachable;
  failure: FailedStep;
  /** True if this plan takes another way than that act: another method or another source. */
  superseded: boolean;
}

/**
 * An act of an older epoch that was begun and not finished: what it left half-done must not be built on. Three exceptions. An act that only
 * claimed its epoch, because its source turned out bad, left nothing: another source takes the next epoch. An act whose etcd failed
 * to start may never end: the next epoch supersedes it by another method or source. And an act that gave up the same datacenter and
 * whose first write was accepted: what it lacks is done anew by this act. Its quorum may be lost again, if a member that had joined died
 * before others had.
 * An unfinished `primary` doesn't count: its steps may be on hosts that are lost now, and other guards check what a failover needs.
 */
export function unfinishedProblems(plan: FailoverPlan, seen: Observation): string[] {
  const failed = failedAct(plan, seen);
  if (failed?.superseded) {
    return [];
  }
  const begun = plan.survivors.some((h) => factsOf(seen, h)?.preflight.earlierPlan.begun === "yes");
  const served = plan.survivors.map((h) => factsOf(seen, h)?.steps["first-write"]?.epoch);
  return plan.survivors.flatMap((host) => {
    const facts = factsOf(seen, host);
    const serves = served.includes(facts?.epoch) && lostBy(facts?.act) === plan.settings.lost;
    if (!facts || !begun || serves || facts.epoch >= plan.settings.epoch || lostBy(facts.act) === undefined) {
      return [];
    }
    const planned = (facts.preflight.earlierPlan.steps ?? "").split(" ").filter((name) => name !== "");
    const missing = planned.filter((name) => facts.steps[name] === undefined || facts.steps[name].epoch < facts.epoch);
    return missing.length === 0
      ? []
      : [
          problem(
            `${host.name}: epoch ${facts.epoch} (${facts.act}): must be finished first: not recorded: ${missing.join(", ")}`,
            ...(failed?.host.name === host.name ? [failedWords(failed)] : []),
            `\`pulumi config set epoch ${facts.epoch} --stack failover\` (and confirm, attest, recover as they were), then \`pulumi up --stack failover\``,
            ...(failed?.host.name === host.name ? otherWays(failed, plan) : []),
          ),
        ];
  });
}

export function unfinishedWords(plan: FailoverPlan, seen: Observation): string {
  const failed = failedAct(plan, seen);
  return failed === undefined ? "none is unfinished" : `${failedWords(failed)}; this act supersedes it: ${plan.act}`;
}

function failedAct(plan: FailoverPlan, seen: Observation): FailedAct | undefined {
  return plan.survivors.flatMap((host): FailedAct[] => {
    const facts = factsOf(seen, host);
    const failure = facts?.preflight.failures.find(
      (f) => f.epoch === facts.epoch && (f.step === "etcd-member" || f.step === "etcd-restore"),
    );
    if (!facts || !failure || facts.epoch >= plan.settings.epoch || facts.etcd?.quorum) {
      return [];
    }
    const { method, source } = facts.preflight.earlierPlan;
    return [{ host, facts, failure, superseded: method !== plan.method || source !== plan.source?.name }];
  })[0];
}

const failedWords = ({ host, facts, failure }: FailedAct): string =>
  `${host.name}: step ${failure.step} of epoch ${facts.epoch} failed: ${failure.error}`;

function otherWays({ facts }: FailedAct, { settings, sources, source }: FailoverPlan): string[] {
  const other = sources.find((s) => s.problems.length === 0 && s.name !== source?.name);
  return [
    ...(facts.preflight.earlierPlan.method === "forceNewCluster"
      ? [
          `If it fails again, restore in this epoch (${settings.epoch}): \`pulumi config set --path recover.method restore --stack failover\``,
        ]
      : []),
    ...(other
      ? [
          `If it fails again, another source in this epoch (${settings.epoch}): \`pulumi config set --path recover.from ${other.name} --stack failover\``,
        ]
      : []),
  ];
}
