import { deepStrictEqual, equal, match, throws } from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { readNetem, readRelay } from "../../lab/faults/delay";
import { refuseSetClock } from "../../lab/faults/faults";
import { packetRules, readPacketRules } from "../../lab/faults/packet-rules";
import { damaged, headerOffsets } from "../../lab/faults/page-headers";
import { freezerOf } from "../../lab/hosts/freezer";
import { planNetwork } from "../../lab/network/network-plan";

const plan = planNetwork("rkelab-abcdef", {
  ssh: { user: "root", port: 22 },
  datacenters: [
    { name: "a", deployHost: "m1", hosts: [{ name: "m1", address: "10.0.0.1" }] },
    { name: "b", deployHost: "m2", hosts: [{ name: "m2", address: "10.0.0.2" }] },
  ],
});

describe("lab: rules for packets", () => {
  const cases: [string, { dropped: string[]; lossPercent: number }, string[]][] = [
    ["none: the table goes", { dropped: [], lossPercent: 0 }, []],
    [
      "a host's packets vanish both ways, but for ARP",
      { dropped: ["m1"], lossPercent: 0 },
      [
        'ether type != arp iifname "h-m1" drop comment "drop m1"',
        'ether type != arp oifname "h-m1" drop comment "drop m1"',
      ],
    ],
    [
      "each packet between datacenters is judged once, where it comes into the core",
      { dropped: [], lossPercent: 2.5 },
      [
        'iifname "core-a" numgen random mod 10000 < 250 drop comment "loss 2.5"',
        'iifname "core-b" numgen random mod 10000 < 250 drop comment "loss 2.5"',
      ],
    ],
    [
      "all of them: no dice are thrown",
      { dropped: [], lossPercent: 100 },
      ['iifname "core-a" drop comment "loss 100"', 'iifname "core-b" drop comment "loss 100"'],
    ],
  ];
  for (const [name, faults, rules] of cases)
    it(name, () => {
      const lines = packetRules(plan, faults).trim().split("\n");
      deepStrictEqual(lines.slice(0, 2), ["add table bridge faults", "delete table bridge faults"]);
      deepStrictEqual(
        lines.filter((line) => line.includes("comment")),
        rules,
      );
      equal(lines.length > 2, rules.length > 0);
    });
  it("reads back what was set", () => {
    const rules = ["drop m1", "drop m1", "drop m2", "loss 2.5"].map((comment) => ({ rule: { comment } }));
    const json = JSON.stringify({ nftables: [{ metainfo: {} }, { chain: {} }, { rule: {} }, ...rules] });
    deepStrictEqual(readPacketRules(json), { dropped: ["m1", "m2"], lossPercent: 2.5 });
  });
  it("reads a delay as tc tells it: in seconds", () => {
    equal(readNetem(JSON.stringify([{ kind: "noqueue" }, { kind: "netem", options: { delay: { delay: 0.05 } } }])), 50);
    equal(readNetem(JSON.stringify([{ kind: "noqueue", options: {} }])), 0);
  });
  it("reads a relay's delay from its link", () => {
    equal(readRelay(JSON.stringify([{ ifname: "core" }, { ifname: "slow-a", ifalias: "delay 50" }])), 50);
    equal(readRelay(JSON.stringify([{ ifname: "core" }])), 0);
  });
});

describe("lab: freezer", () => {
  const has = (path: string) => (candidate: string) => candidate === path;
  it("is a hierarchy of its own with version 1", () =>
    equal(freezerOf(has("/sys/fs/cgroup/freezer/cgroup.procs")).control, "freezer.state"));
  it("is a file of each group with version 2", () =>
    equal(freezerOf(has("/sys/fs/cgroup/cgroup.controllers")).control, "cgroup.freeze"));
  it("is refused where there is neither", () =>
    throws(() => freezerOf(() => false), { message: /^freeze: control groups must have the freezer/ }));
});

describe("lab: damage of an etcd database", () => {
  const sizes: [number, number[]][] = [
    [0, []],
    [8192, []],
    [20_480, [8192, 12_288, 16_384]],
    [20_000, [8192, 12_288]],
  ];
  for (const [size, offsets] of sizes)
    it(`of ${size} bytes: at ${offsets.join(", ") || "nothing"}, the two meta pages spared`, () =>
      deepStrictEqual(headerOffsets(size), offsets));
  it("changes every byte, and twice is none", () =>
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 16 }), (bytes) => {
        const before = Buffer.from(bytes);
        const after = damaged(before);
        return after.every((byte, i) => byte !== before[i]) && damaged(after).equals(before);
      }),
    ));
});

it("lab: set-clock says why it can't be had", () => {
  const refusal = /^set-clock m1 \+90: can't be had here: .*CLOCK_REALTIME.*libfaketime/;
  throws(() => refuseSetClock("m1", 90), { message: refusal });
  throws(
    () => refuseSetClock("m1", -5),
    (error: Error) => {
      match(error.message, /^set-clock m1 -5: /);
      return true;
    },
  );
});
