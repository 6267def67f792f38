import type { ScheduledStep } from "../steps/steps";
import { type Verdict, verdict } from "./verdict";

/** Purge waits until no other step is due: a rerun, or an expert, may need what is set aside. */
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
