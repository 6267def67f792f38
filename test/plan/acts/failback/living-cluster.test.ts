import assert from "node:assert/strict";
import { failbackOf } from "../../../../plan/acts/failback/failback";
import { readmitted, withQuorum } from "../../../../plan/acts/failback/living-cluster";
import { planPrimary } from "../../../../plan/acts/primary/primary";
import type { Reachable } from "../../../../plan/facts/facts";
import type { Observation } from "../../../../plan/facts/observation";
import type { StepResult } from "../../../../plan/facts/step-records";
import { primaryGuards } from "../../../../plan/guards/primary";
import { hostOf, memberOf, returned, serving, topology } from "../../worlds/failback-world";
import { record, survivor } from "../../worlds/observations";

const host = hostOf(topology);
const role = { role: "failback", lost: "a", from: "2" };
const everyone = ["master3", "master1", "master2"].map((name) => memberOf(host(name)));
const joined = (name: string, epoch = 3, id = `id-${name}`): StepResult => ({
  ...record("etcd-join", epoch, 1),
  facts: { member: id },
});

/** A returned voter that this failback has made a member; `change` alters what it says. */
const back = (name: string, change: Partial<Reachable> = {}): Partial<Reachable> => ({
  epoch: 3,
  act: "primary",
  plan: role,
  steps: { "etcd-join": joined(name) },
  etcd: serving(topology),
  members: everyone,
  ...change,
});

/** The survivor lost power when its etcd was set aside to be recreated. */
function cut(master1: Partial<Reachable>, master2: Partial<Reachable> = master1): Observation {
  const { etcd, ...others } = survivor(topology, host("master3")).processes;
  assert.ok(etcd);
  return returned({
    master1,
    master2,
    master3: {
      epoch: 3,
      act: "primary",
      plan: role,
      etcd: undefined,
      members: [],
      processes: { ...others, "etcd-before-epoch-3": etcd },
    },
  });
}

describe("whose word on the cluster counts", () => {
  const cases: [what: string, change: Partial<Reachable>, counts: boolean][] = [
    ["a member that this failback has made", {}, true],
    ["a host that it has not been told of yet", { epoch: 1, plan: {} }, false],
    ["one whose claim was cut before its epoch was written", { epoch: 1 }, false],
    ["one that was told, and whose old etcd still serves", { steps: {} }, false],
    ["one that joined in an earlier epoch", { steps: { "etcd-join": joined("master1", 1) } }, false],
    [
      "an old etcd with the survivor in its list, started by hand",
      { steps: { "etcd-join": joined("master1", 3, "another") } },
      false,
    ],
    [
      "one whose join found no cluster and did nothing",
      { steps: { "etcd-join": { ...joined("master1"), facts: {} } } },
      false,
    ],
    ["one that isn't in its own list", { members: [memberOf(host("master3"))] }, false],
    ["one of another act of the same epoch", { plan: { role: "primary" } }, false],
    ["one without quorum tells of nobody", { members: [] }, false],
  ];
  for (const [what, change, counts] of cases) {
    it(`${what}: ${counts ? "counts" : "doesn't"}`, () => {
      const facts = survivor(topology, host("master1"), back("master1", change));
      assert.equal(readmitted(3, host("master1"), facts), counts);
    });
  }
});

describe("a failback whose survivor has no etcd for the moment", () => {
  const stops = (seen: Observation) =>
    primaryGuards(topology, planPrimary(topology, 3, seen), seen, undefined, "primary@3").filter((v) => !v.ok);

  it("goes on by the members that it has made", () => {
    const seen = cut(back("master1"), back("master2"));
    const failback = failbackOf(topology, 3, seen);
    assert.ok(failback);
    assert.deepEqual(
      withQuorum(failback, seen).map((h) => h.name),
      ["master1", "master2"],
    );
    assert.deepEqual(stops(seen), []);
    const plan = planPrimary(topology, 3, seen);
    assert.ok(plan.membership.quorum);
    assert.deepEqual(
      plan.membership.members.map((m) => [m.host.name, m.condition]),
      [
        ["master3", "stopped"],
        ["master1", "well"],
        ["master2", "well"],
      ],
    );
    assert.ok(plan.steps.find((s) => s.name === "etcd-arguments-master3")?.due);
  });

  it("asks another host than the survivor where the leader is", () =>
    assert.ok(planPrimary(topology, 3, returned()).steps.some((s) => s.name === "leader-master1")));

  const old: [what: string, said: Partial<Reachable>][] = [
    ["not told yet", { epoch: 1, plan: {}, steps: {} }],
    ["told", { steps: {} }],
    ["told, a member of an earlier failback", { steps: { "etcd-join": joined("master1", 1) } }],
    ["with other members than this failback's", { steps: { "etcd-join": joined("master1", 3, "another") } }],
  ];
  for (const [what, said] of old) {
    it(`refuses where only old etcds answer: ${what}`, () => {
      const seen = cut(back("master1", said), back("master2", said));
      const found =
        stops(seen)
          .find((v) => v.guard === "etcd has quorum")
          ?.problems.join("\n") ?? "";
      assert.match(found, /must answer a linearizable read: none does/);
      assert.match(found, /On master3 it is set aside: `docker rename etcd-before-epoch-3 etcd && /);
      assert.equal(planPrimary(topology, 3, seen).membership.quorum, false);
    });
  }

  it("isTrusted the survivor, not an old majority beside it", () => {
    const seen = returned({ master1: back("master1", { steps: {} }), master2: back("master2", { steps: {} }) });
    const { members } = planPrimary(topology, 3, seen).membership;
    assert.deepEqual(
      members.map((m) => [m.host.name, m.condition]),
      [
        ["master3", "well"],
        ["master1", "missing"],
        ["master2", "missing"],
      ],
    );
  });
});
