import assert from "node:assert/strict";
import type { Verdict } from "../../../plan/guards/verdict";

/** These guards stop, in this order and no others, and each says so. */
export function stoppedBy(verdicts: Verdict[], stops: Record<string, RegExp>): void {
  const failed = verdicts.filter((v) => !v.ok);
  assert.deepEqual(
    failed.map((v) => v.guard),
    Object.keys(stops),
    JSON.stringify(failed),
  );
  for (const v of failed) assert.match(v.found, stops[v.guard] ?? /never/);
}
