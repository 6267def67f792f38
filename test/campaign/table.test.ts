import assert from "node:assert/strict";
import { fitted } from "../../campaign/draw/draw";
import { type RunRecord, readRecords, recordLines, together } from "../../campaign/table/record";
import { campaignTable } from "../../campaign/table/table";

const record = (seed: number, more: Partial<RunRecord> = {}): RunRecord => ({
  seed,
  choices: fitted({}),
  commit: "abc1234",
  at: "2026-11-29T15:00:00.000Z",
  seconds: 90 + seed,
  faults: [],
  reached: ["topology: two-and-one", "disaster: power"],
  ...more,
});
const fault = { rule: "members are equal", what: "master1 | differs" };

describe("records of runs", () => {
  it("of this machine are added to those in git, each once, by their time", () => {
    const [first, second, third] = ["11", "12", "13"].map((hour) =>
      record(7, { at: `2026-11-29T${hour}:00:00.000Z`, seconds: Number(hour) }),
    ) as [RunRecord, RunRecord, RunRecord];
    assert.deepEqual(together([first, third], [third, second]), [first, second, third]);
    assert.deepEqual(readRecords(recordLines([first, third])), [first, third]);
  });
});

describe("the campaign's page", () => {
  it("says so if nothing ran", () => assert.match(campaignTable([]), /No run is recorded yet/));

  it("counts what was drawn, what came about and what failed", () => {
    const frozen = { choices: fitted({ disaster: "frozen" }), reached: ["disaster: frozen"], faults: [fault] };
    const page = campaignTable([record(1), record(2), record(3, frozen)]);
    assert.match(page, /3 runs, 1 of them with a fault; 91 to 93 s each, half of them within 92 s/);
    assert.match(page, /\| disaster: power \| 2 \| 2 \| 0 \|/);
    assert.match(page, /\| disaster: frozen \| 1 \| 1 \| 1 \|/);
    assert.match(page, /\| 3 \| `abc1234` \| 93 \| disaster: frozen \| members are equal \|/);
  });

  it("names what no run reached, drawn or not", () => {
    const choices = fitted({ "during the act": "operator killed", "moment of the act": "rke-up" });
    const page = campaignTable([record(1, { choices })]);
    assert.match(page, /\*\*No run reached\*\*: .*moment of the act: rke-up \(drawn 1\)/);
    assert.match(page, /disaster: silent drop \(drawn 0\)/);
  });

  it("keeps the faults of one seed apart that two installers' clusters had", () => {
    const page = campaignTable([
      record(5, { faults: [fault] }),
      record(5, { choices: fitted({ installer: "kubeadm" }), faults: [fault] }),
    ]);
    assert.match(page, /- rke, seed 5, .*\n- kubeadm, seed 5, /);
  });

  it("names for an installer only values that its clusters can have", () => {
    const page = campaignTable([record(1, { choices: fitted({ installer: "kubeadm" }) })]);
    assert.match(page, /## kubeadm\n[\s\S]*\*\*No run reached\*\*: .*moment of the failback: nodes-back \(drawn 0\)/);
    assert.doesNotMatch(page, /rke-up/);
  });

  it("tells a fault by the fewest choices that it was shrunk to, and counts no shrunk run", () => {
    const choices = fitted({ disaster: "frozen", data: "leases" });
    const page = campaignTable([
      record(5, { choices, faults: [fault] }),
      record(5, { choices: fitted({ data: "leases" }), faults: [fault], shrunkFrom: 5 }),
    ]);
    assert.match(page, /1 runs, 1 of them/);
    assert.match(page, /- rke, seed 5, shrunk to data: leases: members are equal: master1 {3}differs/);
  });

  it("says why a run isn't counted", () =>
    assert.match(campaignTable([record(9, { notCounted: "no space" })]), /- seed 9: no space/));
});
