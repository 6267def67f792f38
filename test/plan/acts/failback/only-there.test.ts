import assert from "node:assert/strict";
import { failbackConfirmation, onlyThere } from "../../../../plan/acts/failback/only-there";
import { planPrimary } from "../../../../plan/acts/primary/primary";
import type { Reachable } from "../../../../plan/facts/facts";
import { primaryGuards } from "../../../../plan/guards/primary";
import { describePrimary } from "../../../../plan/preview/describe";
import { returned, topology } from "../../worlds/failback-world";
import { preflight, record } from "../../worlds/observations";

const lossAt = Date.parse("2026-11-29T03:00:00Z");
const host = returned().hosts.master3 as Reachable;
const master3 = topology.datacenters.flatMap((dc) => dc.hosts).find((h) => h.name === "master3");
const claim = { ...record("claim", 2, 1), startedAt: lossAt + 60_000 };

/** The failover of epoch 2 began at revision 470; a returns with what `change` says. @param source as the failover's record has it */
function world(change: Partial<Reachable>, source = "master3") {
  const steps = { ...host.steps, claim, snapshot: { ...record("snapshot", 2, 1), facts: { revision: "470" } } };
  const earlierPlan = { source, member: "master3", method: "forceNewCluster", lost: "a", dataAsOf: String(lossAt) };
  assert.ok(master3);
  return returned({ master3: { steps, preflight: preflight(topology, master3, { earlierPlan }) }, master2: change });
}
const resting = (seconds: number | undefined, revision = 482): Partial<Reachable> => ({
  restingRevision: revision,
  restingWritten: seconds === undefined ? undefined : lossAt + seconds * 1000,
});
function wanted(change: Partial<Reachable>, source?: string): string {
  const seen = world(change, source);
  const { failback } = planPrimary(topology, 3, seen);
  assert.ok(failback);
  return failbackConfirmation(failback, seen);
}

describe("the word that a failback wants", () => {
  it("is the plain one if the returned side has nothing newer, or what was on its way when it was lost", () => {
    assert.equal(wanted(resting(900, 470)), "primary@3");
    assert.equal(wanted(resting(30)), "primary@3");
    assert.equal(wanted(resting(-2)), "primary@3");
  });

  it("names side and revision if it went on writing for more than 30 s after the survivors' newest write", () =>
    assert.equal(wanted(resting(31)), "primary@3-without-a@482"));

  it("names them if its newest write can't be dated", () =>
    assert.equal(wanted(resting(undefined)), "primary@3-without-a@482"));

  it("counts from the failover's beginning if that began with a snapshot, which is older than the loss", () => {
    const path = "/var/lib/rke-dr/snapshots/etcd-1.db";
    assert.equal(wanted(resting(89), path), "primary@3");
    assert.equal(wanted(resting(91), path), "primary@3-without-a@482");
  });

  it("goes by the Leases of an old etcd that still runs", () => {
    const etcd = { ...host.etcd, revision: 500 } as Reachable["etcd"];
    assert.equal(wanted({ etcd, newestLease: lossAt + 5_000 }), "primary@3");
    assert.equal(wanted({ etcd, newestLease: lossAt + 600_000 }), "primary@3-without-a@500");
  });

  it("is the plain one again for a rerun, when that side's data is set aside", () => {
    const seen = world(resting(600));
    const { failback } = planPrimary(topology, 3, seen);
    assert.ok(failback);
    assert.equal(failbackConfirmation({ ...failback, resumed: true }, seen), "primary@3");
  });
});

describe("a failback of a side that went on after the loss", () => {
  const seen = world(resting(600));
  const plan = planPrimary(topology, 3, seen);
  const confirmation = (confirm: string | undefined, of = seen) =>
    primaryGuards(topology, planPrimary(topology, 3, of), of, undefined, confirm).find(
      (v) => v.guard === "confirmation",
    );

  it("is refused with the plain word, with revision, time and what to type", () => {
    const verdict = confirmation("primary@3");
    assert.equal(verdict?.ok, false);
    assert.match(
      verdict?.problems.join("\n") ?? "",
      /must be "primary@3-without-a@482": "primary@3"[\s\S]*up to revision 482, the last of 2026-11-29T03:10:00\.000Z[\s\S]*npm run -s lost -- --epoch 2[\s\S]*config set confirm primary@3-without-a@482 --stack primary/,
    );
  });

  it("takes the word that names it, and none of another revision", () => {
    assert.equal(confirmation("primary@3-without-a@482")?.ok, true);
    assert.equal(confirmation("primary@3-without-a@481")?.ok, false);
  });

  it("takes that word at a rerun, too, which wants the plain one; of another epoch never", () => {
    assert.equal(confirmation("primary@3-without-a@482", world(resting(0, 470)))?.ok, true);
    assert.equal(confirmation("primary@2-without-a@482", world(resting(0, 470)))?.ok, false);
  });

  it("is told in preview", () => {
    assert.equal(plan.failback && onlyThere(plan.failback, seen)?.host.name, "master2");
    assert.match(
      describePrimary(plan, [], [], seen),
      /a WENT ON AFTER THE LOSS: the confirmation names what is given up/,
    );
  });
});
