import assert from "node:assert/strict";
import { planFailover } from "../../../../plan/acts/failover/failover";
import type { FailoverPlan } from "../../../../plan/acts/failover/plan";
import { failoverGuards } from "../../../../plan/guards/failover";
import { describeFailover } from "../../../../plan/preview/describe";
import type { Container } from "../../../../plan/runtimes/docker/container";
import { docker } from "../../../../plan/runtimes/docker/docker";
import { withArgument } from "../../../../plan/runtimes/process";
import { rkePlan } from "../../../rke-golden";
import { failedOver } from "../../worlds/failed-over";
import { afterLossOfA, now, record } from "../../worlds/observations";
import { ready } from "../../worlds/settings";
import { seed } from "../../worlds/topologies";

const golden = JSON.parse(rkePlan("force-new-cluster.failover.yml.plan.json"));
const plan = (seen = afterLossOfA(seed())): FailoverPlan => planFailover(seed(), ready, seen);
const sorted = (list: unknown): string[] => [...(list as string[])].sort();

interface Body {
  Image: string;
  Entrypoint: string[] | null;
  Cmd: string[] | null;
  Env: string[];
  Hostname?: string;
  Labels: Record<string, string>;
  HostConfig: { RestartPolicy: { Name: string }; Binds: string[]; NetworkMode: string };
}

describe("the failover of the seed", () => {
  it("starts from the surviving voter", () => {
    assert.equal(plan().act, "failover:a:forceNewCluster:master3");
    assert.equal(plan().deployHost.name, "master3");
  });

  it("leaves etcd and kube-apiserver as RKE plans them", () => {
    const { etcd, apiServers } = plan();
    const etcdBody = JSON.parse(etcd?.body ?? "") as Body;
    assert.deepEqual(sorted(etcdBody.Cmd), golden["master3/etcd"].args);
    assert.equal(etcdBody.Entrypoint, null);
    const apiBody = JSON.parse(apiServers[0]?.body ?? "") as Body;
    assert.deepEqual(sorted(apiBody.Entrypoint), golden["master3/kube-apiserver"].command.toSorted());
    assert.deepEqual([etcd?.unlikePlan, apiServers[0]?.unlikePlan], [[], []]);
    for (const body of [etcdBody, apiBody]) {
      assert.equal(body.Hostname, undefined);
      assert.equal(body.Labels["rke-dr.epoch"], "2");
      assert.equal(body.HostConfig.RestartPolicy.Name, "always");
    }
  });

  it("the flag stands in the first body alone, which docker must not restart", () => {
    const member = plan().steps.find((s) => s.script === "etcd-member");
    const [forced, final] = (member?.data.split("\n") ?? []).map((line) => JSON.parse(line) as Body);
    assert.ok(forced?.Cmd?.includes("--force-new-cluster"));
    assert.equal(forced?.HostConfig.RestartPolicy.Name, "no");
    assert.ok(!JSON.stringify(final).includes("force-new-cluster"));
  });

  it("who joins a forced etcd gets its database, never the log from before the flag", () => {
    const seen = afterLossOfA(seed());
    const master3 = seen.hosts.master3;
    assert.ok(master3?.reachable);
    master3.processes.etcd?.process.cmd.push("--snapshot-count=5000");
    const { steps } = planFailover(seed(), ready, seen);
    const bodies = ["snapshot", "etcd-member"].flatMap((name) =>
      (steps.find((s) => s.script === name)?.data ?? "").split("\n").map((line) => JSON.parse(line) as Body),
    );
    const counts = bodies.map(({ Cmd }) => Cmd?.filter((argument) => argument.startsWith("--snapshot-count=")));
    assert.deepEqual(counts, [["--snapshot-count=1"], ["--snapshot-count=1"], ["--snapshot-count=5000"]]);
  });

  it("an etcd with the flag has no variable whose flag it is given: etcd would end at once", () => {
    const seen = afterLossOfA(seed());
    const master3 = seen.hosts.master3;
    assert.ok(master3?.reachable);
    const own = ["ETCD_SNAPSHOT_COUNT=5000", "ETCD_QUOTA_BACKEND_BYTES=8589934592"];
    master3.processes.etcd?.process.env.push(...own);
    const { steps } = planFailover(seed(), ready, seen);
    const bodies = ["snapshot", "etcd-member"].flatMap((name) =>
      (steps.find((s) => s.script === name)?.data ?? "").split("\n").map((line) => JSON.parse(line) as Body),
    );
    assert.deepEqual(
      bodies.map(({ Env }) => own.filter((variable) => Env.includes(variable))),
      [[own[1]], [own[1]], own],
    );
  });

  it("keeps what the old container had and RKE's plan doesn't know, and says so", () => {
    const seen = afterLossOfA(seed());
    const master3 = seen.hosts.master3;
    assert.ok(master3?.reachable);
    const api = master3.processes["kube-apiserver"];
    api?.process.entrypoint.push("--v=4");
    const replaced = plan(seen).apiServers[0];
    assert.ok(replaced?.after.entrypoint.includes("--v=4"));
    assert.deepEqual(replaced?.unlikePlan, ["+ --v=4"]);
  });

  it("survivors record the operator's word for this act, and no other's", () => {
    const line = (attest: string) =>
      planFailover(seed(), { ...ready, attest }, afterLossOfA(seed()))
        .steps[0]?.data.split("\n")
        .find((l) => l.startsWith("attest="));
    assert.equal(line("powered-off@a@2"), "attest=powered-off");
    assert.equal(line("powered-off@a@1"), "attest=");
    assert.equal(line("powered-off"), "attest=");
  });

  it("gives the same input before and after the old containers were renamed", () => {
    const before = plan();
    const seen = afterLossOfA(seed());
    const master3 = seen.hosts.master3;
    assert.ok(master3?.reachable);
    for (const name of ["etcd", "kube-apiserver"]) {
      const old = master3.processes[name];
      assert.ok(old);
      const reported = structuredClone(old.reported) as Container;
      reported.HostConfig.RestartPolicy = { Name: "no", MaximumRetryCount: 0 };
      const aside = `${name}-before-epoch-2`;
      master3.processes[aside] = docker.read(JSON.stringify({ ...reported, Name: `/${aside}` }));
      delete master3.processes[name];
    }
    assert.deepEqual(
      plan(seen).steps.map((s) => s.data),
      before.steps.map((s) => s.data),
    );
  });

  it("keeps what an earlier run decided", () => {
    const seen = afterLossOfA(seed(), {
      master3: {
        plan: { source: "master3", dataAsOf: "1700000000000", revision: "400" },
        steps: { "etcd-member": record("etcd-member", 2, 1) },
        newestLease: 1800000000000,
      },
    });
    assert.deepEqual(
      plan(seen).sources.map((s) => [s.host.name, s.dataAsOf, s.revision]),
      [["master3", 1700000000000, 400]],
    );
  });

  it("what was recorded as unknown stays unknown", () => {
    const seen = afterLossOfA(seed(), {
      master3: {
        plan: { source: "master3", dataAsOf: "", revision: "" },
        steps: { "etcd-member": record("etcd-member", 2, 1) },
      },
    });
    assert.deepEqual(
      plan(seen).sources.map((s) => [s.dataAsOf, s.revision]),
      [[undefined, undefined]],
    );
  });

  it("what was claimed, but not begun, is decided anew", () => {
    const seen = afterLossOfA(seed(), { master3: { plan: { source: "master3", dataAsOf: "1", revision: "2" } } });
    assert.equal(plan(seen).sources[0]?.revision, 478);
    assert.equal(plan(seen).resumed, false);
  });

  it("each step waits for steps that come before it", () => {
    const steps = plan().steps;
    steps.forEach((s, i) => {
      for (const name of s.after) {
        assert.ok(
          steps.slice(0, i).some((earlier) => earlier.name === name),
          `${s.name} waits for ${name}`,
        );
      }
    });
    assert.equal(new Set(steps.map((s) => s.name)).size, steps.length);
  });
});

describe("which steps run again", () => {
  const steps = plan().steps.map((s) => s.name);
  /** Everything was done in epoch 2; `change` alters master3. */
  function done(change: (host: Parameters<typeof mutate>[0]) => void = () => {}) {
    const { seen, master3 } = failedOver(plan());
    change(master3);
    return plan(seen).steps;
  }
  const mutate = (host: Extract<ReturnType<typeof afterLossOfA>["hosts"][string], { reachable: true }>) => host;
  const due = (list: ReturnType<typeof done>) => list.filter((s) => s.due).map((s) => s.name);
  const from = (name: string) => steps.slice(steps.indexOf(name));

  it("all, before anything was done", () => {
    assert.deepEqual(due(plan().steps), steps);
    assert.ok(plan().steps.every((s) => s.generation === now));
  });

  it("none, when all is done", () => {
    assert.deepEqual(due(done()), []);
    assert.ok(done().every((s) => s.generation === 1));
  });

  const etcdAgain = ["etcd-member-master3", ...from("first-write-master3")];
  const cases: [string, Parameters<typeof done>[0], string[]][] = [
    [
      "etcd was stopped: it and what comes after; kube-apiserver finds it again by itself",
      (h) => {
        if (h.processes.etcd) h.processes.etcd.status = "exited";
      },
      etcdAgain,
    ],
    [
      "the flag came back",
      (h) => {
        h.processes.etcd?.process.cmd.push("--force-new-cluster");
      },
      etcdAgain,
    ],
    [
      "kube-apiserver has other etcd servers",
      (h) => {
        const api = h.processes["kube-apiserver"];
        if (api) api.process.entrypoint = withArgument(api.process.entrypoint, "etcd-servers", "https://x:2379");
      },
      from("kube-apiserver-master3"),
    ],
    [
      "killed before rke up: it and the verification",
      (h) => {
        h.steps["rke-up"] = record("rke-up", 1, 3);
        delete h.steps.verify;
        delete h.steps["verify-member"];
      },
      from("rke-up-master3"),
    ],
  ];
  for (const [what, change, expected] of cases) {
    it(what, () => assert.deepEqual(due(done(change)), expected));
  }

  it("a step that runs again has a generation of its own", () => {
    const list = done((h) => {
      delete h.processes.etcd;
    });
    assert.equal(list.find((s) => s.name === "etcd-member-master3")?.generation, now);
    assert.equal(list.find((s) => s.name === "claim-master3")?.generation, 1);
  });
});

describe("what preview shows", () => {
  const seen = afterLossOfA(seed());
  const text = describeFailover(
    plan(seen),
    failoverGuards(seed(), plan(seen), seen),
    ["a note"],
    Date.parse("2026-11-21T12:00:58Z"),
  );
  for (const [what, pattern] of [
    ["source, revision and age", /-> master3: voter, revision 478, data as of 2026-11-21T11:59:58\.000Z \(60 s ago\)/],
    ["hosts removed", /Hosts removed +master1 \(192\.168\.31\.101\), master2 .*, node1/],
    ["etcd before", /- --initial-cluster=etcd-master3=.*,etcd-master1=.*,etcd-master2=/],
    ["etcd after", /\+ --initial-cluster=etcd-master3=https:\/\/192\.168\.31\.103:2380\n/],
    ["etcd servers before", /- --etcd-servers=https:\/\/192\.168\.31\.103:2379,https/],
    ["etcd servers after", /\+ --etcd-servers=https:\/\/192\.168\.31\.103:2379\n/],
    ["cluster.yml's diff", /- {2}- address: 192\.168\.31\.101\n[\s\S]*\+ {4}- 192\.168\.31\.101/],
    ["what is set aside", /container etcd as etcd-before-epoch-2/],
    ["verdicts", /ok {4}confirmation: the operator confirmed a@2/],
    ["notes", /note {2}a note/],
  ] as const) {
    it(what, () => assert.match(text, pattern));
  }
});
