import assert from "node:assert/strict";
import { planFailover } from "../../../../plan/acts/failover/failover";
import type { FailoverSettings } from "../../../../plan/acts/failover/plan";
import { failoverGuards } from "../../../../plan/guards/failover";
import { describeFailover } from "../../../../plan/preview/describe";
import { render } from "../../../../plan/review/rendering";
import { rkePlan } from "../../../rke-golden";
import { failedOver } from "../../worlds/failed-over";
import { afterLossOfA, alone, container, now } from "../../worlds/observations";
import { ready } from "../../worlds/settings";
import { seed, withLearner } from "../../worlds/topologies";

const goldenFile = (name: string) => JSON.parse(rkePlan(name));
const golden = (name: string) => goldenFile(`${name}.plan.json`);
const settings: FailoverSettings = { ...ready, method: "restore", attest: undefined };
const refused = ["192.168.31.101", "192.168.31.102", "192.168.31.104"];

describe("a voter's data restored as a cluster of its own", () => {
  const seen = afterLossOfA(seed());
  const plan = planFailover(seed(), settings, seen);
  const restore = plan.steps.find((s) => s.name === "etcd-restore-master3");

  it("is another act than forcing it", () => assert.equal(plan.act, "failover:a:restore:master3"));

  it("leaves etcd as RKE plans it: the token is the restore's alone", () => {
    const body = JSON.parse(restore?.data ?? "") as { Cmd: string[]; HostConfig: { RestartPolicy: { Name: string } } };
    assert.deepEqual([...body.Cmd].sort(), golden("force-new-cluster.failover.yml")["master3/etcd"].args);
    assert.ok(body.Cmd.includes("--initial-cluster-token=etcd-cluster-1"));
    assert.ok(restore?.arguments.includes("rke-dr-lab-epoch-2"));
    assert.equal(body.HostConfig.RestartPolicy.Name, "always");
  });

  it("has what only the WAL has, by an etcd on a copy: nobody hears it, it hears nobody, and it says how far it is", () => {
    const source = plan.steps.find((s) => s.name === "source-master3");
    const { Cmd, HostConfig } = JSON.parse(source?.data ?? "") as {
      Cmd: string[];
      HostConfig: { NetworkMode: string; Binds: string[]; RestartPolicy: { Name: string } };
    };
    assert.deepEqual([HostConfig.NetworkMode, HostConfig.RestartPolicy.Name], ["none", "no"]);
    assert.deepEqual(
      HostConfig.Binds.filter((bind) => bind.includes("/var/lib/etcd")),
      ["/var/lib/etcd/rke-dr-forced-epoch-2:/var/lib/rancher/etcd/:z"],
    );
    assert.deepEqual(
      Cmd.filter((argument) => argument.startsWith("--listen-")),
      [
        "--listen-client-urls=https://127.0.0.1:2379",
        "--listen-peer-urls=https://127.0.0.1:2380",
        "--listen-metrics-urls=http://127.0.0.1:2381",
      ],
    );
  });

  it("never forces", () => assert.ok(!JSON.stringify(plan.steps).includes('--force-new-cluster"')));

  it("refuses every lost host before etcd starts, and looks whether it stays so", () => {
    for (const name of ["etcd-restore-master3", "isolate-master3", "verify-member-master3"]) {
      const step = plan.steps.find((s) => s.name === name);
      assert.deepEqual(step?.arguments.slice(-3), refused, name);
    }
  });

  it("keeps its token for a rerun", () => {
    assert.match(
      plan.steps[0]?.data ?? "",
      /^source=master3\nmember=master3\nmethod=restore\nlost=a\ntoken=rke-dr-lab-epoch-2\ntake=live\n/,
    );
  });

  it("says in preview that nobody attests, and what that means", () => {
    const text = describeFailover(plan, failoverGuards(seed(), plan, seen), [], now);
    assert.match(text, /method restore\)/);
    assert.match(
      text,
      /nobody attests that master1, master2, node1 are down.*return guard, where it is on, stops their etcd.* about 15 s after they reach .* by SSH; until then, and for good where it is off, both clusters go on, apart/,
    );
    assert.match(text, /refuses 192\.168\.31\.101, .* at ports 2379 and 2380, after reboots too, until failback/);
  });

  describe("when all is done", () => {
    /** Everything was done in epoch 2; the isolation is as given. */
    function due(isolation: { firewall: boolean; refused: string[]; boot: string }) {
      const { seen: done, master3 } = failedOver(plan, { isolation });
      master3.plan = { source: "master3", begun: "yes", revision: "478" };
      return planFailover(seed(), settings, done)
        .steps.filter((s) => s.due)
        .map((s) => s.name);
    }
    const stands = { firewall: true, refused, boot: "/etc/default/docker" };

    it("nothing is due", () => assert.deepEqual(due(stands), []));
    for (const [what, isolation] of [
      ["a flushed rule", { ...stands, refused: refused.slice(1) }],
      ["a boot that would forget it", { ...stands, boot: "" }],
    ] as const) {
      it(`${what} is mended, and nothing else is touched`, () =>
        assert.deepEqual(due(isolation), ["isolate-master3", "verify-member-master3", "report-master3"]));
    }
  });
});

describe("a learner's data", () => {
  const topology = withLearner();
  const learner = { ...alone, learner: true };
  const at = (version: string) => {
    const seen = afterLossOfA(topology, { master3: { etcd: { ...learner, version } } });
    return planFailover(topology, { ...settings, method: undefined }, seen);
  };

  it("is always restored", () => assert.equal(at("3.4.23").act, "failover:a:restore:master3"));

  it("is asked of a running etcd where a learner gives it, else taken from the stopped one's database", () => {
    const take = (version: string) => at(version).steps.find((s) => s.name === "source-master3")?.arguments[0];
    assert.deepEqual(["3.4.14", "3.4.23", "3.5.12", "3.5.21"].map(take), ["data", "data", "live", "live"]);
  });

  it("becomes a cluster that RKE knows: cluster.yml, processes and certificates equal RKE's plan", () => {
    const rendered = render(topology, { stack: "failover", lost: "a" });
    assert.deepEqual(rendered.refused, []);
    assert.deepEqual(rendered.processes, golden("learner.failover-managed.yml"));
    assert.deepEqual(rendered.certificates, goldenFile("learner.failover-managed.yml.certs.json"));
    assert.match(rendered.clusterYml, /role:\n {6}- controlplane\n {6}- worker\n {6}- etcd\n/);
    assert.deepEqual(rendered.transient, {});
  });

  it("its host is told to RKE as an etcd host", () => {
    const step = at("3.4.23").steps.find((s) => s.name === "rke-state-master3");
    assert.deepEqual(step?.arguments, ["https://192.168.31.103:6443", "192.168.31.103", ...refused]);
  });

  it("is refused where there is none", () => {
    const seen = afterLossOfA(topology, { master3: { etcd: undefined, etcdBytes: 0 } });
    const plan = planFailover(topology, settings, seen);
    assert.equal(plan.source, undefined);
    assert.match(
      failoverGuards(topology, plan, seen).find((v) => v.guard === "source")?.found ?? "",
      /master3, a learner is refused: it has no etcd data/,
    );
  });

  it("where it never started, the etcd made from a snapshot in its place is no etcd of before: a rerun plans the same", () => {
    const file = {
      path: "/var/lib/rke-dr/snapshots/s1.db",
      state: "whole" as const,
      bytes: 1000,
      takenAt: now,
      revision: 400,
      described: { bytes: 1000, cluster: "lab" },
    };
    const never = { etcd: undefined, etcdBytes: 0, files: [file] };
    const bodyOf = (change: object) => {
      const seen = afterLossOfA(topology, { master3: { ...never, ...change } });
      const plan = planFailover(topology, { ...settings, method: undefined }, seen);
      return { plan, body: plan.steps.find((s) => s.name === "etcd-restore-master3")?.data };
    };
    const { etcd: _none, ...others } =
      Object.values(afterLossOfA(topology).hosts).flatMap((h) => (h.host === "master3" && h.reachable ? [h] : []))[0]
        ?.processes ?? {};
    const first = bodyOf({ processes: others });
    assert.ok(first.plan.etcd && first.body);
    const made = container(first.plan.etcd.after, "running", 2);
    assert.equal(bodyOf({ processes: { ...others, etcd: made } }).body, first.body);
  });

  it("is refused where it never followed", () => {
    const seen = afterLossOfA(topology, { master3: { etcd: { ...learner, revision: 1 } } });
    assert.match(
      planFailover(topology, settings, seen).sources[0]?.problems.join() ?? "",
      /has not followed the voters/,
    );
  });
});
