import type { FailoverPlan } from "../acts/failover/plan";
import { factsOf, type Observation } from "../facts/observation";
import { lostBy } from "../steps/act";

/**
 * An act of an older epoch that was begun and not finished: what it left half-done must not be built on. One that only
 * claimed its epoch, because its source turned out bad, left nothing: another source takes the next epoch. Nor does one that gave up the
 * same datacenter and whose first write was accepted: what it lacks is done anew by this act. Its quorum may be lost again, if a member
 * that had joined died before others had.
 * An unfinished `primary` doesn't count: its steps may be on hosts that are lost now, and other guards check what a failover needs.
 */
export function unfinishedProblems(plan: FailoverPlan, seen: Observation): string[] {
  const begun = plan.survivors.some((h) => factsOf(seen, h)?.preflight.earlierPlan.begun === "yes");
  const served = factsOf(seen, plan.deployHost)?.steps["first-write"]?.epoch;
  return plan.survivors.flatMap((host) => {
    const facts = factsOf(seen, host);
    const serves = facts?.epoch === served && lostBy(facts?.act) === plan.settings.lost;
    if (!facts || !begun || serves || facts.epoch >= plan.settings.epoch || lostBy(facts.act) === undefined) {
      return [];
    }
    const planned = (facts.preflight.earlierPlan.steps ?? "").split(" ").filter((name) => name !== "");
    const missing = planned.filter((name) => facts.steps[name] === undefined || facts.steps[name].epoch < facts.epoch);
    return missing.length === 0
      ? []
      : [
          `${host.name}: epoch ${facts.epoch} (${facts.act}) must be finished first, these steps are not recorded: ${missing.join(", ")}; run \`pulumi up --stack failover\` with epoch ${facts.epoch} again`,
        ];
  });
}
