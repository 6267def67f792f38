import { confirmationText } from "../acts/failover/attestation";
import type { FailoverPlan } from "../acts/failover/plan";
import { pinnedHash, type Signing } from "../acts/failover/signing";

/** The last lines of a failover's preview: the act's hash, and how `up` is held to it. Empty if there is nothing to run. */
export function describeSigning(plan: FailoverPlan, { hash, kept }: Signing): string[] {
  if (plan.stage === "over" || plan.steps.length === 0) {
    return [];
  }
  const { settings } = plan;
  return [
    "",
    `The act's hash: ${hash}`,
    kept(hash) === undefined
      ? "  It stands for what would run on which host; `npm run plan` prints that text, `npm run plan -- --write` keeps it in signed/."
      : "  It stands for what would run on which host: that text is in signed/.",
    ...(pinnedHash(settings) === hash
      ? []
      : [
          "  To have `up` run this act and no other:",
          `    pulumi config set confirm ${confirmationText(settings)}:${hash} --stack failover`,
        ]),
  ];
}
