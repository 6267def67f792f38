import type { FailoverSettings } from "../../../plan/acts/failover/plan";

/** A failover of datacenter a that its operator confirmed and attested. */
export const ready: FailoverSettings = { lost: "a", epoch: 2, from: "auto", confirm: "a@2", attest: "powered-off@a@2" };
