import type { HostFacts } from "../plan/facts/facts";
import type { FailedStep } from "../plan/facts/preflight";
import type { StepResult } from "../plan/facts/step-records";
import { type Evidence, parseEvidence } from "./evidence";

/** The hosts' records of the last act that left evidence, or why there is none. */
export type Collected =
  | { kind: "act"; evidence: Evidence; results: StepResult[]; failures: FailedStep[] }
  /** @property epochs the hosts' epochs, for people: "master1: 3, master2: 3" */
  | { kind: "none"; epochs: string }
  | { kind: "silent"; reasons: string[] };

/** The act of the newest epoch. Hosts that were lost in it still have records of older epochs; these are left out. */
export function lastAct(hosts: HostFacts[]): Collected {
  const told = hosts.filter((h) => h.reachable);
  if (told.length === 0) {
    return { kind: "silent", reasons: hosts.flatMap((h) => (h.reachable ? [] : [`${h.host}: ${h.reason}`])) };
  }
  const [evidence] = told
    .flatMap((h) => parseEvidence(h.preflight.earlierPlan.evidence ?? "") ?? [])
    .sort((a, b) => b.epoch - a.epoch);
  return evidence === undefined
    ? { kind: "none", epochs: told.map((h) => `${h.host}: ${h.epoch}`).join(", ") }
    : {
        kind: "act",
        evidence,
        results: told.flatMap((h) => Object.values(h.steps)),
        failures: told.flatMap((h) => h.preflight.failures),
      };
}
