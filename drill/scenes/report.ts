import type { Check, DrillStep } from "../report";

export interface ScenesReport {
  verified: boolean;
  steps: DrillStep[];
  checks: Check[];
  /** Lines of the previews, by the moment. */
  previews: { moment: string; stack: string; lines: string[] }[];
  standIns: string[];
}

/** The report for a terminal. */
export function scenesText({ verified, checks, previews }: ScenesReport): string {
  return [
    "",
    verified ? "SCENES: verified" : "SCENES: NOT verified",
    "",
    ...checks.map(({ ok, what, found }) => `  ${ok ? "ok    " : "FAILED"} ${what}: ${found}`),
    "",
    ...previews.flatMap(({ moment, stack, lines }) => [`Preview of ${stack}, ${moment}`, ...lines, ""]),
  ].join("\n");
}
