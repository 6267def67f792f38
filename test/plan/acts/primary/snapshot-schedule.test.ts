import assert from "node:assert/strict";
import { planPrimary } from "../../../../plan/acts/primary/primary";
import { givers } from "../../../../plan/acts/primary/snapshot-schedule";
import type { Reachable } from "../../../../plan/facts/facts";
import type { Observation } from "../../../../plan/facts/observation";
import { parseSnapshots, type Snapshot, type SnapshotFacts } from "../../../../plan/facts/snapshots";
import { describeSnapshots, snapshotProblems } from "../../../../plan/preview/snapshots";
import { allHosts, type Topology } from "../../../../plan/topology/topology";
import { durationWords } from "../../../../plan/values/duration";
import { container, named, now, survivor } from "../../worlds/observations";
import { seed } from "../../worlds/topologies";

const minute = 60_000;
const snapshots = { every: "1h", keep: { count: 24, days: 7 } };
const topology: Topology = { ...seed(), etcd: { ...seed().etcd, snapshots } };
const running = container(named("rke-dr-snapshots"));

const taken = (ago: number, name = `etcd-master1-${ago}`): Snapshot => ({
  name,
  takenAt: now - ago * minute,
  host: "master1",
  cluster: "lab",
  revision: 100,
  bytes: 5000,
  hash: 7,
  sha256: "ab",
  etcdVersion: "3.4.23",
  clusterId: "1",
  epoch: 1,
});

function seen(change: Partial<SnapshotFacts> | undefined, more: Partial<Reachable> = {}): Observation {
  const facts: SnapshotFacts = { every: 3600, kept: [taken(30)], damaged: [], lastRun: undefined, ...change };
  const host = (name: string): Partial<Reachable> =>
    name === "master3"
      ? {
          snapshots: change === undefined ? undefined : facts,
          processes: { "rke-dr-snapshots": running },
          clockSkew: 0,
          ...more,
        }
      : {};
  return {
    hosts: Object.fromEntries(allHosts(topology).map((h) => [h.name, survivor(topology, h, host(h.name))])),
    answers: [],
    at: now,
  };
}
const b = allHosts(topology).filter((h) => h.datacenter === "b");

describe("scheduled snapshots", () => {
  const cases: [string, Observation, RegExp[]][] = [
    ["fresh ones", seen({}), []],
    ["one that is a little late", seen({ kept: [taken(119)] }), []],
    [
      "a missed one",
      seen({ kept: [taken(121), taken(190)] }),
      [/^master3: a snapshot was missed: the newest is 2 h 1 min old, one is due each 1 h$/],
    ],
    [
      "a host whose clock is ahead",
      seen({ kept: [taken(30)] }, { clockSkew: 100 * minute }),
      [/the newest is 2 h 10 min old/],
    ],
    ["none at all", seen({ kept: [] }), [/^master3: has no whole snapshot$/]],
    [
      "a failed one, with the reason",
      seen({ lastRun: { at: now - 3 * minute, ok: false, reason: "no voter gave a snapshot: master1: disk" } }),
      [/^master3: the last snapshot failed 3 min ago: no voter gave a snapshot: master1: disk$/],
    ],
    ["a damaged one", seen({ damaged: ["etcd-x"] }), [/snapshots\/etcd-x\.db is damaged and doesn't count/]],
    ["a schedule that was never set up", seen(undefined), [/its schedule isn't set up/]],
    ["a schedule that doesn't run", seen({}, { processes: {} }), [/container rke-dr-snapshots is missing/]],
  ];
  for (const [what, observation, expected] of cases) {
    it(`${what}: ${expected.length === 0 ? "nothing to tell" : "told"}`, () => {
      const problems = snapshotProblems(topology, b, observation);
      assert.equal(problems.length, expected.length, problems.join("\n"));
      for (const [i, pattern] of expected.entries()) assert.match(problems[i] ?? "", pattern);
    });
  }

  it("a topology without them has nothing to tell and no step", () => {
    const without = { ...topology, etcd: seed().etcd };
    assert.deepEqual(snapshotProblems(without, allHosts(without), seen(undefined)), []);
    const steps = planPrimary(without, 1, seen(undefined)).steps;
    assert.deepEqual(
      steps.filter((s) => s.part === "Snapshots"),
      [],
    );
  });

  it("a schedule that the topology no longer asks for is ended", () => {
    const without = { ...topology, etcd: seed().etcd };
    const [step, ...more] = planPrimary(without, 1, seen({})).steps.filter((s) => s.part === "Snapshots");
    assert.deepEqual([step?.name, step?.data, step?.due, more], ["snapshot-schedule-master3", "", true, []]);
  });

  for (const [what, rke, image] of [
    ["RKE's own", {}, "rancher/rke-tools:v0.1.72"],
    [
      "a default private registry's",
      { private_registries: [{ url: "registry.example", is_default: true }] },
      "registry.example/rancher/rke-tools:v0.1.72",
    ],
    [
      "the one that system_images names",
      { system_images: { kubernetes_services_sidecar: "mirror.example/tools:1" } },
      "mirror.example/tools:1",
    ],
  ] as const) {
    it(`its container's image: ${what}`, () => {
      const steps = planPrimary({ ...topology, rke }, 1, seen({})).steps.filter((s) => s.part === "Snapshots");
      assert.deepEqual(
        steps.map((s) => JSON.parse(s.data.split("\n")[0] ?? "").Image),
        steps.map(() => image),
      );
      assert.equal(steps.length, 2);
    });
  }

  it("each deploy host asks the other side's voters first, a learner last", () => {
    const order = (t: Topology, keeper: string) => {
      const host = allHosts(t).find((h) => h.name === keeper);
      return host && givers(t, host).map((h) => h.name);
    };
    assert.deepEqual(order(topology, "master3"), ["master1", "master2", "master3"]);
    assert.deepEqual(order(topology, "master1"), ["master3", "master1", "master2"]);
    const following = (name: string) => (name === "master3" ? ("learner" as const) : ("voter" as const));
    const learning = {
      ...topology,
      datacenters: topology.datacenters.map((dc) => ({
        ...dc,
        hosts: dc.hosts.map((h) => ({ ...h, etcd: h.etcd === "none" ? h.etcd : following(h.name) })),
      })),
    };
    assert.deepEqual(order(learning, "master1"), ["master1", "master2", "master3"]);
  });

  it("preview tells what there is", () => {
    assert.deepEqual(describeSnapshots(topology, b, seen({ kept: [taken(30), taken(90)] })), [
      "master3: 2 kept; the newest is 30 min old, revision 100, from master1, 5000 bytes",
    ]);
    assert.deepEqual(describeSnapshots(topology, b, seen({ kept: [] })), ["master3: none"]);
  });

  it("a host's answer is read, what can't be read doesn't count", () => {
    const { name, ...content } = taken(30, "etcd-a");
    const text = [
      "every=60",
      `snapshot=${name} ${JSON.stringify(content)}`,
      'snapshot=etcd-b {"takenAt":',
      "damaged=etcd-c",
      "status={}",
    ];
    assert.deepEqual(parseSnapshots(text.join("\n")), {
      every: 60,
      kept: [taken(30, "etcd-a")],
      damaged: ["etcd-c", "etcd-b"],
      lastRun: undefined,
    });
    assert.equal(parseSnapshots("\n"), undefined);
  });

  for (const [seconds, words] of [
    [0, "0 s"],
    [59.7, "59 s"],
    [7260, "2 h 1 min"],
    [90000, "1 d 1 h"],
    [86400, "1 d"],
  ] as const) {
    it(`${seconds} s is ${words}`, () => assert.equal(durationWords(seconds), words));
  }
});
