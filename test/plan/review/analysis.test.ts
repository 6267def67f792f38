import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { parseTopology } from "../../../plan/declaration/declaration";
import { analyse } from "../../../plan/review/analysis";
import type { Loss } from "../../../plan/review/loss";
import type { Topology } from "../../../plan/topology/topology";
import { raw, seed } from "../worlds/topologies";

/** Datacenters by their number of voters, each also a control plane host; `rke` as in a topology. */
function spread(counts: Record<string, number>, rke: object = {}): Topology {
  const members = Object.entries(counts).map(([dc, count], i) => {
    const hosts = Array.from({ length: Math.max(1, count) }, (_, j) => [
      `${dc}${j + 1}`,
      [`10.${i}.0.${j + 1}`, j < count ? ["controlplane", "etcd"] : ["controlplane"]],
    ]);
    return [dc, Object.fromEntries(hosts)];
  });
  return parseTopology(raw(Object.fromEntries(members), { rke }));
}

/** All voters in a; in b, master3 follows them. */
function withLearner(): Topology {
  const text = readFileSync(join(__dirname, "../../../topologies/learner.yaml"), "utf8");
  return parseTopology(parse(text));
}

const snapshots = (etcd: object) => ({ services: { etcd } });
const s3 = { backup_config: { interval_hours: 2, s3backupconfig: { bucket_name: "dr" } } };

interface Case {
  what: string;
  topology: Topology;
  lost: string;
  expected: Partial<Pick<Loss, "quorum" | "api" | "mayBeLostSeconds">>;
  says?: Partial<Record<"startsFrom" | "mayBeLost" | "prevention" | "cannotYet" | "notes", RegExp>>;
}

const datacenters: Case[] = [
  {
    what: "the seed without the majority's side",
    topology: seed(),
    lost: "a",
    expected: { quorum: "lost", api: "lost" },
    says: {
      startsFrom: /^the data of master3, a voter$/,
      mayBeLost: /writes that master1, master2 acknowledged in the last moment/,
      prevention: /1\+1\+1/,
      cannotYet: /^$/,
    },
  },
  {
    what: "the seed without the standby",
    topology: seed(),
    lost: "b",
    expected: { quorum: "kept", api: "kept" },
    says: { mayBeLost: /^nothing$/, prevention: /^$/, notes: /the next voter that fails stops the cluster/ },
  },
  {
    what: "a learner in the standby",
    topology: withLearner(),
    lost: "a",
    expected: { quorum: "lost", api: "lost", mayBeLostSeconds: 1 },
    says: {
      startsFrom: /^the data of master3, a learner: it is restored as a new cluster/,
      mayBeLost: /before master3 had them: no write waits for a learner/,
      prevention: /^a third site with one voter[^\n]*\nscheduled snapshots \(etcd\.snapshots\)/,
    },
  },
  {
    what: "no voter in the standby, snapshots on the lost disks",
    topology: spread({ a: 3, b: 0 }),
    lost: "a",
    expected: { quorum: "lost", mayBeLostSeconds: Number.POSITIVE_INFINITY },
    says: {
      startsFrom: /no voter is left, and RKE's snapshots \(each 12h\) lie on the lost voters' disks/,
      mayBeLost: /everything/,
      prevention: /a voter in b, or a learner there[\s\S]*scheduled snapshots \(etcd\.snapshots\), each 15 minutes say/,
      cannotYet: /must survive the loss of a: nothing to recover from on /,
    },
  },
  {
    what: "no voter in the standby, snapshots in S3",
    topology: spread({ a: 3, b: 0 }, snapshots(s3)),
    lost: "a",
    expected: { quorum: "lost", mayBeLostSeconds: 7200 },
    says: { startsFrom: /the newest snapshot in S3, taken each 2h/, mayBeLost: /up to 2h/ },
  },
  {
    what: "no voter in the standby, and no snapshots",
    topology: spread({ a: 3, b: 0 }, snapshots({ snapshot: false })),
    lost: "a",
    expected: { quorum: "lost" },
    says: { startsFrom: /^nothing: .* no snapshots are taken/, mayBeLost: /everything/, prevention: /each 15 minutes/ },
  },
  {
    what: "half of an even number: every acknowledged write has a survivor",
    topology: spread({ a: 2, b: 2 }),
    lost: "a",
    expected: { quorum: "lost" },
    says: {
      startsFrom: /b1, b2: whichever has the newest entry/,
      mayBeLost: /nothing that was acknowledged: each write needed 3 of 4/,
      prevention: /2\+2\+1/,
    },
  },
  {
    what: "three sites, one voter each",
    topology: spread({ a: 1, b: 1, c: 1 }),
    lost: "a",
    expected: { quorum: "kept", api: "kept" },
  },
  {
    what: "three sites, one of them with the majority",
    topology: spread({ a: 3, b: 1, c: 1 }),
    lost: "a",
    expected: { quorum: "lost" },
    says: { prevention: /no datacenter holds more than 2 of 5 \(now a: 3, b: 1, c: 1\)/ },
  },
];

const words = (loss: Loss, key: keyof NonNullable<Case["says"]>): string => [loss[key]].flat().join("\n");

function check(loss: Loss | undefined, { expected, says = {} }: Pick<Case, "expected" | "says">): void {
  assert.ok(loss);
  for (const [key, value] of Object.entries(expected)) {
    assert.equal(loss[key as keyof Loss], value, key);
  }
  for (const [key, pattern] of Object.entries(says)) {
    assert.match(words(loss, key as keyof NonNullable<Case["says"]>), pattern);
  }
}

describe("the loss of a datacenter", () => {
  for (const c of datacenters) {
    it(c.what, () => check(analyse(c.topology).datacenters[c.lost], c));
  }

  it("of the standby with the majority: the certificate's order changes, and what avoids it", () => {
    check(analyse(spread({ a: 1, b: 2 })).datacenters.b, {
      expected: { quorum: "lost" },
      says: { notes: /changes the order of names in the API server's certificate.*`standby: a` avoids that/ },
    });
  });

  it("without a control plane host elsewhere there is no API", () => {
    const topology = parseTopology(
      raw({
        b: { b1: ["10.1.0.1", ["controlplane", "etcd"]] },
        a: { a1: ["10.0.0.1", ["worker", "etcd"]], a2: ["10.0.0.2", ["etcd"]] },
      }),
    );
    check(analyse(topology).datacenters.b, {
      expected: { quorum: "kept", api: "lost" },
      says: { notes: /no control plane host is left outside b/ },
    });
  });
});

describe("the loss of a host", () => {
  const cases: [string, Topology, string, Pick<Case, "expected" | "says">][] = [
    [
      "the learner",
      withLearner(),
      "master3",
      { expected: { quorum: "kept" }, says: { notes: /it is the learner: while it is gone/ } },
    ],
    [
      "a voter of three",
      seed(),
      "master3",
      { expected: { quorum: "kept" }, says: { notes: /only voter of b: lost together with the other side/ } },
    ],
    [
      "a worker",
      seed(),
      "node1",
      { expected: { quorum: "kept" }, says: { startsFrom: /no voter is lost/, notes: /^$/ } },
    ],
    ["the deploy host", seed(), "master1", { expected: {}, says: { notes: /deploy host of a/ } }],
    [
      "one of two voters",
      spread({ a: 1, b: 1 }),
      "a1",
      {
        expected: { quorum: "lost" },
        says: {
          prevention: /three voters instead of 2/,
          cannotYet: /whole datacenters only/,
          mayBeLost: /^nothing that/,
        },
      },
    ],
    [
      "one of five",
      spread({ a: 2, b: 2, c: 1 }),
      "a1",
      { expected: { quorum: "kept" }, says: { notes: /1 more can fail/ } },
    ],
  ];
  for (const [what, topology, lost, expected] of cases) {
    it(what, () => check(analyse(topology).hosts[lost], expected));
  }
});

it("what the prevention names would hold", () => {
  for (const topology of [spread({ a: 1, b: 1, c: 1 }), spread({ a: 2, b: 2, c: 1 })]) {
    const { datacenters, tolerates } = analyse(topology);
    assert.ok(tolerates >= 1);
    assert.deepEqual(
      Object.values(datacenters).map((loss) => loss.quorum),
      ["kept", "kept", "kept"],
    );
  }
});
