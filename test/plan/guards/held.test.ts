import assert from "node:assert/strict";
import { planPrimary } from "../../../plan/acts/primary/primary";
import { primaryGuards } from "../../../plan/guards/primary";
import { returned } from "../worlds/failback-world";
import { seed } from "../worlds/topologies";

describe("up of stack primary while bootHold keeps a host waiting", () => {
  const since = Date.parse("2026-11-29T03:00:00Z");
  const told = (bootHold: boolean, heldSince: number | undefined) => {
    const topology = { ...seed(), bootHold };
    const seen = returned({ master1: { heldSince } }, topology);
    return primaryGuards(topology, planPrimary(topology, 3, seen), seen).find((v) => v.guard === "hosts that wait");
  };

  it("is refused by the host's name, with the command that ends the wait", () => {
    const verdict = told(true, since);
    assert.equal(verdict?.ok, false);
    assert.match(verdict?.found ?? "", /^master1: must not wait after its boot .* since 2026-11-29T03:00:00\.000Z$/);
    assert.match(
      verdict?.problems.join() ?? "",
      /`bash \/var\/lib\/rke-dr\/guard\/guard-watch\.sh --go-on` on master1$/,
    );
  });
  it("isn't refused if no host waits", () => assert.equal(told(true, undefined)?.ok, true));
  it("isn't refused if the topology has no bootHold any more: then up ends the wait", () =>
    assert.equal(told(false, since)?.ok, true));
});
