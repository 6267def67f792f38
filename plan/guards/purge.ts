import type { ScheduledStep } from "../steps/steps";
import { type Verdict, verdict } from "./verdict";

/** Nothing is deleted while anything else is to be done: what is set aside may be what a rerun or an expert needs. */
export function purgeGuard(steps: ScheduledStep[], newest: number, epoch: number): Verdict {
  const due = steps.filter((s) => s.due && s.script !== "purge");
  return verdict(
    "purge",
    [
      ...(newest > epoch ? [`rke-dr:purge is newer than the epoch (${epoch}): ${newest}`] : []),
      ...(due.length > 0
        ? [`${due.length} other steps are to be done (${due[0]?.name}, ...): run \`up\` without rke-dr:purge first`]
        : []),
    ],
    `what epochs up to ${newest} set aside is deleted for good`,
  );
}
