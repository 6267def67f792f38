import assert from "node:assert/strict";
import type { Step } from "../../../plan/steps/steps";

export function stepNamed(steps: Step[], name: string): Step {
  const step = steps.find((s) => s.name === name);
  assert.ok(step, `${name}: ${steps.map((s) => s.name).join(" ")}`);
  return step;
}

/** True if `later` waits for `earlier`, directly or not. */
export function waits(steps: Step[], later: string, earlier: string): boolean {
  const { after } = stepNamed(steps, later);
  return after.includes(earlier) || after.some((name) => waits(steps, name, earlier));
}
