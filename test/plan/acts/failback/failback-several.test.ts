import assert from "node:assert/strict";
import { failbackOf } from "../../../../plan/acts/failback/failback";
import { planPrimary } from "../../../../plan/acts/primary/primary";
import type { Reachable } from "../../../../plan/facts/facts";
import type { Observation } from "../../../../plan/facts/observation";
import { primaryGuards } from "../../../../plan/guards/primary";
import { allHosts } from "../../../../plan/topology/topology";
import { memberOf, serving } from "../../worlds/failback-world";
import { preflight, record, survivor } from "../../worlds/observations";
import { spread } from "../../worlds/spread";
import { stepNamed, waits } from "../../worlds/step-order";

const five = spread(3, 2);
const files = ["cluster.yml", "cluster.rkestate", "cluster.rkestate.before-epoch-2", "ssh/id_ed25519"];

/** The failover of epoch 2 is over: b1 was recovered; b2 has joined it, or was given up. Datacenter a has power again. */
function back(leftOut: boolean, change: Record<string, Partial<Reachable>> = {}): Observation {
  const left = allHosts(five).filter((h) => h.name === "b1" || (h.name === "b2" && !leftOut));
  const steps = Object.fromEntries(["rke-up", "verify", "etcd-join"].map((name) => [name, record(name, 2, 1)]));
  const earlierPlan = { member: "b1", source: "b1", ...(leftOut ? { leftOut: "b2" } : {}) };
  return {
    hosts: Object.fromEntries(
      allHosts(five).map((h) => {
        const knows = h.datacenter === "b" && !(leftOut && h.name === "b2");
        const says: Partial<Reachable> = knows
          ? {
              epoch: 2,
              act: "failover:a:forceNewCluster:b1",
              deploy: { files, server: "https://10.2.0.1:6443", clusterYml: "" },
              steps,
              preflight: preflight(five, h, { earlierPlan }),
            }
          : { etcd: undefined };
        const serves = left.includes(h) ? { etcd: serving(five), members: left.map((l) => memberOf(l)) } : {};
        return [h.name, survivor(five, h, { ...says, ...serves, ...change[h.name] })];
      }),
    ),
    answers: [],
    at: 1,
  };
}

describe("a failback to several survivors", () => {
  const names = (hosts: { name: string }[] | undefined) => hosts?.map((h) => h.name);

  it("finds both serving, and brings back the lost datacenter's voters one by one", () => {
    const seen = back(false);
    const plan = planPrimary(five, 3, seen);
    assert.deepEqual(names(plan.failback?.survivors), ["b1", "b2", "w"]);
    assert.equal(plan.failback?.demoted, undefined);
    const steps = plan.steps;
    for (const [later, earlier] of [
      ["etcd-join-a1", "quarantine-a3"],
      ["etcd-join-a2", "etcd-join-a1"],
      ["etcd-join-a3", "etcd-join-a2"],
      ["etcd-arguments-b1", "etcd-join-a3"],
      ["etcd-arguments-b2", "etcd-arguments-b1"],
    ] as const) {
      assert.ok(waits(steps, later, earlier), `${later} after ${earlier}`);
    }
    const failed = primaryGuards(five, plan, seen, undefined, "primary@3").filter((v) => !v.ok);
    assert.deepEqual(failed, []);
  });

  it("brings back a survivor that the failover gave up, as if it had been lost", () => {
    const { steps, failback } = planPrimary(five, 3, back(true));
    assert.deepEqual(names(failback?.survivors), ["b1", "w"]);
    assert.deepEqual(names(failback?.returned), ["b2", "a1", "a2", "a3"]);
    assert.ok(waits(steps, "etcd-join-b2", "quarantine-b2"));
    assert.ok(waits(steps, "etcd-join-b2", "unisolate-b2"), "it may refuse the others still");
    assert.ok(stepNamed(steps, "rke-state-back-b1").arguments.includes("10.2.0.2"));
    assert.ok(!steps.some((s) => s.name === "etcd-arguments-b2"));
    assert.match(stepNamed(steps, "claim-a1").data, /^leftOut=b2$/m);
  });

  it("knows of it from its own record, too, when it is resumed", () => {
    const plan = { role: "failback", lost: "a", from: "2", leftOut: "b2" };
    const hosts = Object.fromEntries(allHosts(five).map((h) => [h.name, { epoch: 3, act: "primary", plan }]));
    assert.deepEqual(names(failbackOf(five, 3, back(true, hosts))?.leftOut), ["b2"]);
  });
});
