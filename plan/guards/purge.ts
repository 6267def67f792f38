import type { ScheduledStep } from "../steps/steps";
import { problem, type Verdict, verdict } from "./verdict";

/** Purge waits until no other step is due: a rerun, or an expert, may need what is set aside. */
export function purgeGuard(steps: ScheduledStep[], newest: number, epoch: number): Verdict {
  const due = steps.filter((s) => s.due && s.script !== "purge");
  return verdict(
    "purge",
    [
      ...(newest > epoch
        ? [
            problem(
              `rke-dr:purge: must not be newer than the epoch (${epoch}): ${newest}`,
              `\`pulumi config set purge ${epoch} --stack primary\`, or an older one`,
            ),
          ]
        : []),
      ...(due.length > 0
        ? [
            problem(
              `rke-dr:purge: no other step may be due: ${due.length} are (${due[0]?.name}, ...)`,
              "`pulumi config rm purge --stack primary`, `pulumi up --stack primary`, then purge again",
            ),
          ]
        : []),
    ],
    `what epochs up to ${newest} set aside is deleted for good`,
  );
}
