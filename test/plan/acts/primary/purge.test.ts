import assert from "node:assert/strict";
import { purgeSteps } from "../../../../plan/acts/primary/purge";
import { purgeGuard } from "../../../../plan/guards/purge";
import { describeAside } from "../../../../plan/preview/aside";
import { schedule, step } from "../../../../plan/steps/steps";
import { survivors } from "../../../../plan/topology/order";
import { afterLossOfA, record, survivor } from "../../worlds/observations";
import { seed } from "../../worlds/topologies";

const topology = seed();
const hosts = survivors(topology, "a");

describe("what acts have set aside", () => {
  it("is listed with its size, and containers by name", () => {
    const aside = [
      { path: "/var/lib/rke-dr/epoch-2/data", bytes: 123456 },
      { path: "container etcd-before-epoch-2", bytes: 0 },
      { path: "container kube-apiserver-before-epoch-2", bytes: 0 },
    ];
    assert.deepEqual(describeAside(hosts, afterLossOfA(topology, { master3: { aside } })), [
      "Set aside by earlier acts; nothing is deleted unless rke-dr:purge names an epoch",
      "  master3      /var/lib/rke-dr/epoch-2/data, 123456 bytes",
      "  master3      containers etcd-before-epoch-2, kube-apiserver-before-epoch-2",
      "",
    ]);
  });

  it("is not spoken of where there is nothing", () =>
    assert.deepEqual(describeAside(hosts, afterLossOfA(topology)), []));

  const done = { claim: record("claim", 3, 1) };
  for (const [what, epoch, newest, steps, problem] of [
    ["everything else is done", 3, 2, done, undefined],
    ["the epoch itself", 3, 3, done, undefined],
    ["a newer epoch", 3, 4, done, /newer than the epoch \(3\): 4/],
    ["something else is to be done", 3, 2, {}, /no other step may be due: 1 are \(claim-master3/],
  ] as const) {
    it(`is ${problem ? "kept" : "deleted on request"}: ${what}`, () => {
      const [host] = hosts;
      assert.ok(host);
      const before = step("claim", host, "Claim");
      const all = [before, ...purgeSteps([host], newest, [before.name])];
      const scheduled = schedule(all, epoch, (h) => survivor(topology, h, { steps }), 1);
      const found = purgeGuard(scheduled, newest, epoch);
      assert.equal(found.ok, problem === undefined, found.found);
      if (problem) assert.match(found.found, problem);
    });
  }
});
