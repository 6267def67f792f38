import assert from "node:assert/strict";
import { fleetTopology } from "../../bench/fleet-topology";
import { actReport } from "../../evidence/act-report";
import { lastAct } from "../../evidence/collected";
import { claimsWith, parseEvidence, recordedEvidence } from "../../evidence/evidence";
import { reportMarkdown } from "../../evidence/markdown";
import { reportHtml } from "../../evidence/page";
import { headline } from "../../evidence/words";
import { planFailover } from "../../plan/acts/failover/failover";
import { parseFacts } from "../../plan/facts/facts";
import type { FailedStep } from "../../plan/facts/preflight";
import { afterLossOfA, preflight, record, survivor } from "../plan/worlds/observations";
import { printedFacts } from "../printed-facts";
import { recordedAct } from "./act";

const failure = (step: string, startedAt: number): FailedStep => ({
  step,
  host: "master3",
  epoch: 2,
  generation: 1,
  startedAt,
  milliseconds: 1200,
  did: ["looked"],
  exit: 1,
  error: "rke: `rke up` failed with 1",
});

describe("the report of an act", () => {
  const act = recordedAct({ rtoSeconds: 60, rpoSeconds: 300 });
  const whole = actReport(act.evidence, act.results);

  it("says how long it took, and what that is against the targets", () => {
    const write = act.results.find((r) => r.step === "first-write");
    assert.deepEqual(
      [whole.outcome, whole.rto.seconds, whole.rto.verdict, whole.rpo.seconds, whole.rpo.verdict],
      ["finished", (Number(write?.facts.acceptedAt) - act.commandAt) / 1000, "met", 57, "met"],
    );
  });

  for (const [what, targets, rto, rpo] of [
    ["no target", {}, "no target", "no target"],
    ["a recovery time that is missed", { rtoSeconds: 2 }, "missed", "no target"],
    ["a bound above the target proves no loss", { rpoSeconds: 10 }, "no target", "not shown"],
  ] as const) {
    it(what, () => {
      const { evidence, results } = recordedAct(targets);
      const report = actReport(evidence, results);
      assert.deepEqual([report.rto.verdict, report.rpo.verdict], [rto, rpo]);
    });
  }

  it("data of unknown age is said to be that", () => {
    const report = actReport({ ...act.evidence, dataAsOf: "unknown" }, act.results);
    assert.deepEqual([report.rpo.seconds, report.rpo.verdict], [undefined, "not shown"]);
  });

  it("has every step of the plan but itself, with exit code and what it did", () => {
    assert.ok(!whole.steps.some((s) => s.step === "report"));
    assert.equal(whole.steps.length, act.recordNames.length - 1);
    assert.ok(whole.steps.every((s) => s.outcome === "done" && s.exit === 0 && s.did.length > 0));
  });

  it("what was set aside is listed with its size", () => {
    assert.deepEqual(whole.setAside, [
      { host: "master3", what: "container etcd-before-epoch-2" },
      { host: "master3", what: "/var/lib/rke-dr/epoch-2/data", bytes: 64000000 },
    ]);
  });

  it("an act that ended half-way: what was done, what failed and why, what is left", () => {
    const done = act.results.filter((r) => !["rke-up", "verify", "verify-member"].includes(r.step));
    const report = actReport(act.evidence, done, [failure("rke-up", act.commandAt + 20_000)]);
    assert.equal(report.outcome, "failed");
    assert.deepEqual(
      report.steps.filter((s) => s.outcome !== "done").map((s) => [s.step, s.outcome, s.exit, s.error]),
      [
        ["rke-up", "failed", 1, "rke: `rke up` failed with 1"],
        ["verify-member", "not run", undefined, undefined],
        ["verify", "not run", undefined, undefined],
      ],
    );
    assert.match(
      reportMarkdown(report),
      /\| rke-up \| master3 \| failed \| 1 \|.* error: rke: `rke up` failed with 1 \|/,
    );
    assert.match(reportHtml(report), /FAILED on its way/);
  });

  it("a failure before a success of the same step counts no more", () => {
    const before = failure("rke-up", act.commandAt);
    assert.equal(actReport(act.evidence, act.results, [before]).outcome, "finished");
  });

  it("killed after the first write: unfinished, and the API serves", () => {
    const last = act.results.findIndex((r) => r.step === "first-write");
    const report = actReport(act.evidence, act.results.slice(0, last + 1));
    assert.equal(headline(report), "Failover of datacenter a, epoch 2: the API serves, NOT finished");
  });

  it("records of another epoch are not this act's", () => {
    const report = actReport(act.evidence, [record("claim", 1, 1)]);
    assert.equal(report.outcome, "unfinished");
    assert.ok(report.steps.every((s) => s.outcome === "not run"));
  });

  it("the page needs nothing from elsewhere and lets no text become markup", () => {
    const evil = actReport({ ...act.evidence, reliedOn: `<script>"&` }, act.results);
    const html = reportHtml(evil);
    assert.ok(!html.includes("<script"));
    assert.ok(html.includes("&lt;script&gt;&quot;&amp;"));
    assert.doesNotMatch(html, /(src|href)=|url\(|@import/);
    assert.equal(
      html.match(/<b class="bar /g)?.length,
      act.recordNames.length,
      "a bar for each, and one for the time before the first",
    );
  });

  it("a table's cell can't be broken by what a host said", () => {
    const odd = actReport(
      act.evidence,
      act.results.map((r) => ({ ...r, did: ["a | b\nc"] })),
    );
    assert.match(reportMarkdown(odd), /a \\\| b c \|/);
  });
});

describe("evidence on the survivors", () => {
  const { plan, seen, evidence, topology, results, commandAt } = recordedAct();

  it("goes with every claim, one line, and is read again as it was", () => {
    const claims = claimsWith(plan, evidence);
    assert.deepEqual(Object.keys(claims).sort(), ["claim-master3"]);
    for (const text of Object.values(claims)) {
      const line = text.split("\n").find((l) => l.startsWith("evidence="));
      assert.deepEqual(parseEvidence(line?.slice("evidence=".length) ?? ""), evidence);
    }
  });

  it("hundreds of workers hear of the epoch by one step, without it", () => {
    const many = fleetTopology(500);
    const settings = { lost: "a", epoch: 2, from: "auto", confirm: "a@2", attest: "powered-off@a@2" } as const;
    const large = planFailover(many, settings, afterLossOfA(many));
    assert.deepEqual(Object.keys(claimsWith(large, evidence)), [`claim-${large.deployHost.name}`]);
    const workers = large.steps.find((s) => s.script === "workers");
    assert.equal(workers?.arguments.length, 249);
    assert.ok((workers?.onEach ?? []).every(({ data }) => !data.includes("evidence=")));
    assert.ok(large.steps.length < 20, `${large.steps.length} steps`);
  });

  it("is taken from the hosts once the old etcd is set aside, and not before", () => {
    const master3 = survivor(topology, plan.deployHost, { plan: { evidence: JSON.stringify(evidence) } });
    const recorded = { ...seen, hosts: { ...seen.hosts, master3 } };
    assert.equal(recordedEvidence({ ...plan, resumed: false }, recorded), undefined);
    assert.deepEqual(recordedEvidence({ ...plan, resumed: true }, recorded), evidence);
  });

  const host = (epoch: number, text: string | undefined) =>
    survivor(topology, plan.deployHost, {
      epoch,
      steps: Object.fromEntries(results.filter((r) => r.host === "master3").map((r) => [r.step, r])),
      preflight: preflight(topology, plan.deployHost, { earlierPlan: text === undefined ? {} : { evidence: text } }),
    });

  it("the newest act of all hosts is reported", () => {
    const old = host(2, JSON.stringify({ ...evidence, epoch: 2 }));
    const found = lastAct([old, host(4, JSON.stringify({ ...evidence, epoch: 4 })), host(4, "cut off {")]);
    assert.equal(found.kind === "act" && found.evidence.epoch, 4);
  });

  it("a host that calls itself otherwise is known by its name in the topology", () => {
    const own = (record: { host: string }) =>
      JSON.stringify({ ...record, host: `${record.host.toUpperCase()}.example` });
    const before = results.filter((r) => r.step !== "rke-up");
    const hosts = plan.survivors.map((h) => {
      const sections = {
        earlier: `evidence=${JSON.stringify(evidence)}`,
        steps: before
          .filter((r) => r.host === h.name)
          .map(own)
          .join("\n"),
        failures: h.name === "master3" ? own(failure("rke-up", commandAt + 20_000)) : "",
        end: `now=${commandAt}`,
      };
      return parseFacts(h.name, printedFacts(sections), commandAt, () => ({
        certificates: [],
        unreadableCertificates: [],
      }));
    });
    const found = lastAct(hosts);
    assert.ok(found.kind === "act");
    const report = actReport(found.evidence, found.results, found.failures);
    assert.deepEqual(
      report.steps.filter((s) => s.outcome !== "done").map((s) => [s.step, s.outcome]),
      [["rke-up", "failed"]],
    );
    assert.deepEqual(
      report.setAside.map((a) => a.host),
      ["master3", "master3"],
    );
    assert.equal(report.rto.seconds, actReport(evidence, results).rto.seconds);
    assert.ok(report.rto.seconds !== undefined);
  });

  it("a cluster that had none is told from one that is silent", () => {
    assert.deepEqual(lastAct([host(1, undefined)]), { kind: "none", epochs: "master3: 1" });
    assert.deepEqual(lastAct([{ reachable: false, host: "master3", reason: "timed out" }]), {
      kind: "silent",
      reasons: ["master3: timed out"],
    });
  });
});
