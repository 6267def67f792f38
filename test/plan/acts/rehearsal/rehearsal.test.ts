import assert from "node:assert/strict";
import { planRehearsal, type Rehearsal, type RehearsalFrom } from "../../../../plan/acts/rehearsal/rehearsal";
import { type RehearsalResult, rehearsalMarkdown, reportRehearsal } from "../../../../plan/acts/rehearsal/report";
import type { Reachable } from "../../../../plan/facts/facts";
import type { Observation } from "../../../../plan/facts/observation";
import { allHosts } from "../../../../plan/topology/topology";
import { now, survivor } from "../../worlds/observations";
import { seed } from "../../worlds/topologies";

const topology = seed();

function seen(change: Partial<Reachable> = {}): Observation {
  const hosts = allHosts(topology).filter((h) => h.datacenter === "b");
  return {
    hosts: Object.fromEntries(
      hosts.map((h) => [h.name, survivor(topology, h, h.name === "master3" ? change : { etcd: undefined })]),
    ),
    answers: [],
    at: now,
  };
}
const etcd = { revision: 9, raftTerm: 2, dbBytes: 5000, version: "3.4.23", quorum: true, learner: false, leader: true };
const snapshot = {
  name: "etcd-master1-20261121T110000Z",
  takenAt: now - 1,
  host: "master1",
  cluster: "lab",
  revision: 8,
  bytes: 1,
  hash: 1,
  sha256: "",
  etcdVersion: "3.4.23",
  clusterId: "1",
  epoch: 1,
};
const snapshots = { every: 3600, kept: [snapshot], damaged: [], lastRun: undefined };

function planned(change: Partial<Reachable> = {}, from: RehearsalFrom = "auto"): Rehearsal {
  const plan = planRehearsal(topology, from, seen({ etcd, ...change }));
  assert.ok("rehearsal" in plan, JSON.stringify(plan));
  return plan.rehearsal;
}

describe("a rehearsal", () => {
  it("runs on the standby's deploy host, from a live snapshot of its own voter", () => {
    const { host, member, endpoint, source, prefix } = planned();
    assert.deepEqual(
      [host.name, member.name, endpoint, source, prefix],
      ["master3", "master3", "https://127.0.0.1:2379", { kind: "live" }, "/registry"],
    );
  });
  it("of a learner before etcd 3.5, and when asked for, from the newest scheduled snapshot", () => {
    assert.deepEqual(planned({ etcd: { ...etcd, learner: true }, snapshots }).source, { kind: "scheduled", snapshot });
    assert.deepEqual(planned({ snapshots }, "scheduled").source, { kind: "scheduled", snapshot });
    assert.deepEqual(planned({ etcd: { ...etcd, learner: true, version: "3.5.21" } }).source, { kind: "live" });
  });

  const refused: [string, Partial<Reachable>, RehearsalFrom, RegExp][] = [
    ["another cluster's host", { cluster: "shop" }, "auto", /belongs to cluster shop, not to lab/],
    ["no kube-apiserver", { processes: {} }, "auto", /kube-apiserver doesn't run/],
    ["an etcd that doesn't answer", { etcd: undefined }, "auto", /no member of etcd answers/],
    ["a learner, and no snapshot", { etcd: { ...etcd, learner: true } }, "auto", /has no scheduled snapshot/],
    ["a live one of an old learner", { etcd: { ...etcd, learner: true }, snapshots }, "live", /gives no live snapshot/],
  ];
  for (const [what, change, from, why] of refused) {
    it(`${what}: there is none`, () => {
      const plan = planRehearsal(topology, from, seen({ etcd, ...change }));
      assert.ok("problems" in plan);
      assert.match(plan.problems.join("\n"), why);
    });
  }

  it("its containers have no network but a loopback of their own, and never come back", () => {
    const [etcdBody, api] = [planned().etcdBody, planned().apiServerBody].map((b) => JSON.parse(b));
    assert.equal(etcdBody.HostConfig.NetworkMode, "none");
    assert.equal(api.HostConfig.NetworkMode, "container:rke-dr-rehearsal-etcd");
    for (const body of [etcdBody, api]) {
      assert.equal(body.HostConfig.RestartPolicy.Name, "no");
      assert.equal(body.Labels["rke-dr.rehearsal"], "1");
      assert.doesNotMatch(JSON.stringify(body), /192\.168\.31\.10[12]|\/var\/lib\/etcd|\/var\/log/);
    }
  });

  it("its etcd has the live one's quota, also if that stands in a variable", () => {
    const observed = seen({ etcd });
    const live = observed.hosts.master3;
    assert.ok(live?.reachable);
    live.processes.etcd?.process.env.push("ETCD_QUOTA_BACKEND_BYTES=8589934592");
    const plan = planRehearsal(topology, "auto", observed);
    assert.ok("rehearsal" in plan);
    assert.ok(JSON.parse(plan.rehearsal.etcdBody).Cmd.includes("--quota-backend-bytes=8589934592"));
  });

  it("its kube-apiserver is the live one but for its etcd, audit log, endpoints and webhooks", () => {
    const live = seen({ etcd }).hosts.master3;
    assert.ok(live?.reachable);
    const before = live.processes["kube-apiserver"]?.process.entrypoint ?? [];
    const after = JSON.parse(planned().apiServerBody).Entrypoint as string[];
    const names = (args: string[]) => args.map((a) => a.split("=")[0] ?? "");
    assert.deepEqual(names(before.filter((a) => !after.includes(a))).sort(), [
      "--audit-log-format",
      "--audit-log-maxage",
      "--audit-log-maxbackup",
      "--audit-log-maxsize",
      "--audit-log-path",
      "--audit-policy-file",
      "--bind-address",
      "--enable-admission-plugins",
      "--etcd-servers",
    ]);
    assert.equal(new Set(names(after)).size, after.length, "an argument twice");
    assert.ok(after.includes("--etcd-servers=https://127.0.0.1:2379"));
    assert.ok(after.includes("--endpoint-reconciler-type=none"));
    assert.ok(!after.find((a) => a.startsWith("--enable-admission"))?.includes("Webhook"));
  });

  const result: RehearsalResult = {
    host: "master3",
    source: "live",
    revision: 9,
    bytes: 5000,
    keys: 20,
    exact: true,
    milliseconds: { snapshot: 500, restore: 1000, etcd: 1500, kubeApiserver: 3000, firstWrite: 100 },
    namespaces: 4,
    live: { configmaps: 7, namespaces: 4 },
    restored: { configmaps: 7, namespaces: 4 },
  };
  it("names the host as the topology does, whatever it calls itself", () => {
    assert.equal(reportRehearsal("lab", planned(), now, { ...result, host: "MASTER3.example" }).host, "master3");
  });

  const cases: [string, Partial<RehearsalResult>, boolean][] = [
    ["equal counts", {}, true],
    ["an object that is missing", { restored: { configmaps: 6, namespaces: 4 } }, false],
    ["a resource that is missing", { restored: { namespaces: 4 } }, false],
    ["counts of another revision", { exact: false, live: { configmaps: 9, namespaces: 4 } }, true],
    ["an API that lists too few", { namespaces: 3 }, false],
    ["nothing at all", { live: {}, restored: {}, namespaces: 0 }, false],
  ];
  for (const [what, change, verified] of cases) {
    it(`${what}: ${verified ? "verified" : "not verified"}`, () => {
      const report = reportRehearsal("lab", planned(), now, { ...result, ...change });
      assert.equal(report.verified, verified);
      assert.match(rehearsalMarkdown(report), verified ? /\*\*Verified\*\*/ : /NOT verified/);
    });
  }
  it("its times are told one by one and in sum", () => {
    const text = rehearsalMarkdown(reportRehearsal("lab", planned(), now, result));
    assert.match(text, /\| live snapshot \| 0\.5 \|[\s\S]*\| together \| 6\.1 \|/);
  });
});
