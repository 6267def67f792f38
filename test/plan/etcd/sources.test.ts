import assert from "node:assert/strict";
import { planFailover } from "../../../plan/acts/failover/failover";
import type { FailoverSettings } from "../../../plan/acts/failover/plan";
import { sourceSearch } from "../../../plan/etcd/source-search";
import type { Reachable } from "../../../plan/facts/facts";
import { parseSourceFiles, type SourceFile } from "../../../plan/facts/source-files";
import { failoverGuards } from "../../../plan/guards/failover";
import { etcdProcess } from "../../../plan/installers/rke/etcd";
import { describeSources } from "../../../plan/preview/sources";
import type { Running } from "../../../plan/runtimes/running";
import { survivors } from "../../../plan/topology/order";
import { inPeace } from "../../../plan/topology/site";
import { afterLossOfA, alone, container, now, record, survivor } from "../worlds/observations";
import { ready } from "../worlds/settings";
import { stepNamed, waits } from "../worlds/step-order";
import { seed, withLearner } from "../worlds/topologies";

const file = (name: string, rest: Partial<SourceFile> = {}): SourceFile => ({
  path: `/var/lib/rke-dr/snapshots/${name}.db`,
  state: "whole",
  bytes: 1000,
  takenAt: now - 600_000,
  revision: 400,
  described: { bytes: 1000, cluster: "lab" },
  ...rest,
});
const learner = { ...alone, learner: true };
const host = survivors(seed(), "a")[0];
assert.ok(host);
const sound = survivor(seed(), host).preflight;
const path = (name: string) => `/var/lib/rke-dr/snapshots/${name}.db`;

/** An etcd that was started then, and runs. */
const etcdSince = (startedAt: number): Record<string, Running> => {
  const planned = container(etcdProcess(inPeace(seed()), host, "x86_64"));
  return { etcd: { ...planned, startedAt: new Date(startedAt).toISOString() } };
};

interface Case {
  topology?: ReturnType<typeof seed>;
  settings?: Partial<FailoverSettings>;
  master3?: Partial<Reachable>;
  node2?: Partial<Reachable>;
  /** The act; undefined: nothing can be taken. */
  act: string | undefined;
  /** The verdict of the guard `source`. */
  says?: RegExp;
  /** The revision that the step `source` insists on. */
  least?: number;
  /** Names of all sources in the order of the table. */
  order?: string[];
}

const cases: Record<string, Case> = {
  "the voter, before snapshots": {
    master3: { etcd: alone, files: [file("s1")] },
    act: "failover:a:forceNewCluster:master3",
    order: ["master3", path("s1")],
  },
  "the learner, before snapshots": {
    topology: withLearner(),
    master3: { etcd: learner, files: [file("s1")] },
    act: "failover:a:restore:master3",
  },
  "a snapshot of a higher revision than a learner that lags": {
    topology: withLearner(),
    master3: { etcd: { ...learner, revision: 300 }, newestLease: now - 900_000, files: [file("s1")] },
    act: `failover:a:restore:${path("s1")}`,
    order: [path("s1"), "master3"],
  },
  "the learner that lags, because the operator names it, with what it lacks": {
    topology: withLearner(),
    settings: { from: "learner" },
    master3: { etcd: { ...learner, revision: 300 }, newestLease: now - 900_000, files: [file("s1")] },
    act: "failover:a:restore:master3",
    says: /master3, a learner: revision 300, 100 revisions and 300 s behind the newest source/,
  },
  "a learner before a snapshot of the same revision": {
    topology: withLearner(),
    master3: { etcd: { ...learner, revision: 400 }, files: [file("s1")] },
    act: "failover:a:restore:master3",
  },
  "the newest sound snapshot where the learner never started, which is told": {
    topology: withLearner(),
    master3: {
      etcd: undefined,
      etcdBytes: 0,
      files: [file("s3", { revision: 450, state: "damaged" }), file("s2", { revision: 420 }), file("s1")],
    },
    act: `failover:a:restore:${path("s2")}`,
    says: /snapshot .*s2\.db on master3: revision 420, 30 revisions .*master3, a learner is refused: it has no etcd data/,
    order: [path("s2"), path("s1"), "master3", path("s3")],
  },
  "a voter that can't be asked, before snapshots": {
    master3: { etcd: undefined, files: [file("s1")] },
    act: "failover:a:forceNewCluster:master3",
    says: /its etcd doesn't answer, its data folder is taken/,
  },
  "a snapshot newer than what a stopped learner has written out": {
    topology: withLearner(),
    master3: { etcd: undefined, preflight: { ...sound, databaseRevision: 399 }, files: [file("s1")] },
    act: `failover:a:restore:${path("s1")}`,
  },
  "a snapshot where the learner's database is damaged, which is told": {
    topology: withLearner(),
    master3: {
      etcd: undefined,
      preflight: { ...sound, database: { unreadable: "panic: page 3" } },
      files: [file("s1")],
    },
    act: `failover:a:restore:${path("s1")}`,
    says: /master3, a learner is refused: etcd's database must be readable, .*panic: page 3/,
  },
  "a snapshot where the learner's etcd panics between two looks, which is told": {
    topology: withLearner(),
    master3: { etcd: undefined, etcdLog: "panic: page 3 already freed", files: [file("s1")] },
    act: `failover:a:restore:${path("s1")}`,
    says: /master3, a learner is refused: its etcd ends with a panic: panic: page 3/,
  },
  "a snapshot where the learner was started after its voters were gone, with an empty database": {
    topology: withLearner(),
    master3: { etcd: undefined, preflight: { ...sound, database: "sound", databaseRevision: 0 }, files: [file("s1")] },
    act: `failover:a:restore:${path("s1")}`,
    says: /what was written after 2026-11-21T11:50:58\.000Z is lost; master3, a learner is refused: it has not followed the voters yet: its revision is 0/,
  },
  "a learner that can't be asked and heard of writes after the snapshot": {
    topology: withLearner(),
    master3: { etcd: undefined, etcdWritten: now - 58_000, processes: etcdSince(now - 1e7), files: [file("s1")] },
    act: "failover:a:restore:master3",
    least: 400,
  },
  "a snapshot that was taken after the learner, which can't be asked, last heard of a write": {
    topology: withLearner(),
    master3: {
      etcd: undefined,
      etcdWritten: now - 900_000,
      processes: etcdSince(now - 1e7),
      files: [file("s2", { takenAt: now - 1_000_000, revision: 300 }), file("s1")],
    },
    act: `failover:a:restore:${path("s1")}`,
    order: [path("s1"), "master3", path("s2")],
  },
  "a learner that can't be asked and was started since, which tells nothing; it must have what the snapshot has": {
    topology: withLearner(),
    master3: { etcd: undefined, etcdWritten: now - 900_000, processes: etcdSince(now - 901_000), files: [file("s1")] },
    act: "failover:a:restore:master3",
    least: 400,
  },
  "the same, because the operator names it": {
    topology: withLearner(),
    settings: { from: "learner" },
    master3: { etcd: undefined, files: [file("s1")] },
    act: "failover:a:restore:master3",
    least: 0,
  },
  "the snapshot that the operator names": {
    settings: { from: path("s1") },
    master3: { etcd: alone, files: [file("s2", { revision: 420 }), file("s1")] },
    act: `failover:a:restore:${path("s1")}`,
  },
  "snapshots, because the operator says so": {
    settings: { from: "snapshot" },
    master3: { etcd: alone, files: [file("s2", { revision: 420 }), file("s1")] },
    act: `failover:a:restore:${path("s2")}`,
  },
  "a named host's own data": {
    settings: { from: "master3", method: "restore" },
    master3: { etcd: alone },
    act: "failover:a:restore:master3",
  },
  ...Object.fromEntries(
    (
      [
        ["an empty", { state: "empty", bytes: 0 }, /it is empty/],
        ["a cut", { state: "cut", bytes: 900 }, /it is cut: 900 bytes of 1000/],
        ["a cut (by its description)", { bytes: 900 }, /it is cut: 900 bytes of 1000/],
        ["a damaged", { state: "damaged" }, /it is damaged: its hash is another/],
        ["another cluster's", { state: "foreign" }, /it is another cluster's: none of its members is of this topology/],
        ["another topology's", { described: { bytes: 1000, cluster: "shop" } }, /it is of cluster shop, not of lab/],
        ["a barren", { revision: 1 }, /it holds nothing: its revision is 1/],
        ["an unreadable", { state: "unhashed", revision: undefined }, /it can't be read as etcd's data/],
      ] as [string, Partial<SourceFile>, RegExp][]
    ).map(([what, change, said]): [string, Case] => [
      `${what} snapshot that the operator names is refused by name, and the next best is offered`,
      {
        settings: { from: path("bad") },
        master3: { etcd: alone, files: [file("bad", { revision: 500, ...change })] },
        act: undefined,
        says: new RegExp(
          `snapshot .*bad\\.db on master3 is refused: ${said.source}\nNext best: master3, a voter.*: .pulumi config set --path recover\\.from master3`,
        ),
      },
    ]),
  ),
  "a snapshot that was not read in time can be taken: step source reads it": {
    settings: { from: "snapshot" },
    master3: { etcd: alone, files: [file("s1", { state: "unread" })] },
    act: `failover:a:restore:${path("s1")}`,
  },
  "the learner that the operator names, damaged, is refused, and a snapshot is offered with what it would lose": {
    topology: withLearner(),
    settings: { from: "learner" },
    master3: {
      etcd: undefined,
      preflight: { ...sound, database: { unreadable: "panic: page 3" } },
      files: [file("s1")],
    },
    act: undefined,
    says: /master3, a learner is refused: .*panic: page 3\nNext best: snapshot .*s1\.db on master3; what was written after 2026-11-21T11:50:58\.000Z is lost: .*recover\.from \S*s1\.db/,
  },
  "a snapshot on a host without control plane": {
    settings: { from: "snapshot" },
    node2: { files: [file("s1")] },
    act: `failover:a:restore:${path("s1")}`,
  },
  "a file that nobody has": {
    settings: { from: "/root/x.db" },
    master3: { files: [file("x", { path: "/root/x.db", state: "missing" })] },
    act: undefined,
    says: /something of that name or kind must survive .*"\/root\/x\.db"\nNext best: master3, a voter/,
  },
  "what the act began with, whatever is better now": {
    settings: { from: "auto" },
    topology: withLearner(),
    master3: {
      etcd: { ...alone, revision: 9000 },
      plan: { source: path("s1"), take: path("s1"), revision: "400", dataAsOf: "1", begun: "yes" },
      steps: { "etcd-restore": record("etcd-restore", 2, 1) },
      files: [file("s1"), file("s2", { revision: 500 })],
    },
    act: `failover:a:restore:${path("s1")}`,
  },
};

describe("the choice of source", () => {
  for (const [name, c] of Object.entries(cases)) {
    it(name, () => {
      const topology = c.topology ?? seed();
      const seen = afterLossOfA(topology, { master3: c.master3 ?? {}, node2: c.node2 ?? {} });
      const plan = planFailover(topology, { ...ready, ...c.settings }, seen);
      assert.equal(plan.source && plan.act, c.act);
      if (c.least !== undefined)
        assert.equal(plan.steps.find((step) => step.name === "source-master3")?.arguments[3], String(c.least));
      if (c.order)
        assert.deepEqual(
          plan.sources.map((s) => s.name),
          c.order,
        );
      if (plan.source) {
        // as the host has it once the old etcd is set aside: from here on its etcd is the new cluster's
        const claim = plan.steps.find((step) => step.name === "claim-master3")?.data ?? "";
        const kept = Object.fromEntries(claim.split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2)));
        const files = [file("s9", { revision: 1_000_000_400 }), ...(c.master3?.files ?? [])];
        const etcd = { ...alone, revision: 1_000_000_500 };
        const begun = { ...c.master3, plan: { ...kept, begun: "yes" }, files, etcd };
        const again = planFailover(topology, { ...ready, ...c.settings }, afterLossOfA(topology, { master3: begun }));
        assert.equal(again.act, c.act, "a rerun goes on with what it began with");
        const inputs = (p: typeof plan) =>
          p.steps.filter((s) => /^(source|snapshot)-master3$/.test(s.name)).map((s) => s.arguments);
        assert.deepEqual(inputs(again), inputs(plan));
      }
      const told = failoverGuards(topology, plan, seen).find((v) => v.guard === "source");
      assert.equal(told?.ok, c.act !== undefined, told?.found);
      assert.match((told?.problems.length ? told.problems.join("\n") : told?.found) ?? "", c.says ?? /./);
    });
  }

  it("a snapshot of a worker is brought to the deploy host before anything reads it, and told so", () => {
    const seen = afterLossOfA(seed(), { master3: { etcd: undefined, etcdBytes: 0 }, node2: { files: [file("s1")] } });
    const plan = planFailover(seed(), ready, seen);
    assert.equal(plan.source?.host.name, "master3");
    assert.deepEqual(stepNamed(plan.steps, "snapshot-bring-master3").arguments, [
      path("s1"),
      "node2=root@192.168.31.105:22",
      "here",
    ]);
    assert.equal(stepNamed(plan.steps, "source-master3").arguments[0], "/var/lib/rke-dr/epoch-2/brought.db");
    for (const later of ["source-master3", "etcd-restore-master3"]) {
      assert.ok(waits(plan.steps, later, "snapshot-bring-master3"), later);
    }
    assert.match(describeSources(plan, now)[0] ?? "", /-> node2: snapshot \S*s1\.db \(restored on master3\), revision/);
    const told = failoverGuards(seed(), plan, seen).find((v) => v.guard === "source");
    assert.match(told?.found ?? "", /^snapshot \S*s1\.db on node2: /);
  });

  it("the host that a snapshot is brought to needs room for it", () => {
    const files = [file("s1", { bytes: 1e9, described: { bytes: 1e9, cluster: undefined } })];
    const seen = afterLossOfA(seed(), {
      master3: { etcd: undefined, etcdBytes: 0, freeBytes: 1.5e9 },
      node2: { files },
    });
    const told = failoverGuards(seed(), planFailover(seed(), ready, seen), seen).find((v) => v.guard === "disk space");
    assert.match(told?.found ?? "", /^master3: 1907 MiB \(2000000000 bytes\) must be free/);
  });

  it("preview says which snapshots were not read in time", () => {
    const files = [file("s2", { state: "unread" }), file("s1")];
    const seen = afterLossOfA(seed(), { master3: { etcd: alone, files } });
    const [, unread, read] = describeSources(planFailover(seed(), ready, seen), now);
    assert.match(
      unread ?? "",
      /s2\.db, .*; a file that was not read in the time for a look: step source reads it whole/,
    );
    assert.match(read ?? "", /s1\.db, .*; a file$/);
  });

  it("a snapshot that is gone since the act began is still what it began with", () => {
    const plan = {
      source: path("s1"),
      take: path("s1"),
      revision: "400",
      dataAsOf: "1",
      begun: "yes",
      host: "master3",
    };
    const seen = afterLossOfA(withLearner(), { master3: { plan, files: [] } });
    assert.equal(planFailover(withLearner(), ready, seen).act, `failover:a:restore:${path("s1")}`);
  });

  it("a learner that a killed run has stopped is as new as it said when the act claimed the epoch", () => {
    const stopped = { etcd: undefined, preflight: { ...sound, databaseRevision: undefined }, files: [file("s1")] };
    const noted = { source: "master3", member: "master3", revision: "478", dataAsOf: String(now - 5000), least: "0" };
    const source = (plan: Record<string, string>) =>
      planFailover(withLearner(), ready, afterLossOfA(withLearner(), { master3: { ...stopped, plan } })).source;
    assert.deepEqual([source(noted)?.revision, source(noted)?.dataAsOf], [478, now - 5000]);
    assert.deepEqual([source({})?.revision, source({})?.dataAsOf], [undefined, undefined]);
    // what it told of another source says nothing of this one
    assert.equal(source({ ...noted, source: path("s1") })?.revision, undefined);
  });

  it("looks for the named file, and knows its cluster by its peers", () => {
    assert.deepEqual(sourceSearch(seed(), { from: "/x.db", lost: "a" }), {
      file: "/x.db",
      peers: ["https://192.168.31.101:2380", "https://192.168.31.102:2380", "https://192.168.31.103:2380"],
      logs: false,
      globs: [],
      onlyOthers: false,
    });
    assert.equal(sourceSearch(seed(), { from: "snapshot", lost: "a" }).file, undefined);
  });

  it("knows a cluster with IPv6 by its peers as etcd writes them, in brackets", () => {
    const topology = seed();
    const [host] = topology.datacenters[0]?.hosts ?? [];
    assert.ok(host);
    host.internalAddress = "fd00::0011";
    assert.equal(sourceSearch(topology, { from: "snapshot", lost: "a" }).peers[0], "https://[fd00::11]:2380");
  });

  it("looks where kubespray and KubeKey leave a snapshot before they change etcd, beside the topology's patterns", () => {
    const found = (installer: "kubespray" | "kubekey") =>
      sourceSearch({ ...seed(), installer, sources: ["/srv/*.db"] }, { from: "snapshot", lost: "a" }).globs;
    assert.deepEqual(found("kubespray"), ["/srv/*.db", "/var/backups/etcd-*/snapshot.db"]);
    assert.ok(found("kubekey").includes("/var/lib/etcd-backup/install/etcd-*/snapshot.db"));
  });
});

describe("files as a host lists them", () => {
  const json = '{"takenAt":1700000000999,"host":"master1","cluster":"lab","revision":12,"bytes":4128,"hash":1}';
  it("with a description", () =>
    assert.deepEqual(parseSourceFiles(`whole 4128 1800000000000 /a/b.db ${json}\n`), [
      {
        path: "/a/b.db",
        state: "whole",
        bytes: 4128,
        takenAt: 1700000000000,
        revision: 12,
        described: { bytes: 4128, cluster: "lab" },
      },
    ]));
  it("without, and cut", () => {
    const [first, ...rest] = parseSourceFiles(
      'unhashed 4096 1800000000000 /a/b.db {"hash":1,"revision":7,"totalKey":3,"totalSize":4096}\nwhole 41',
    );
    assert.deepEqual([first?.revision, first?.takenAt, rest], [7, 1800000000000, []]);
  });
});
