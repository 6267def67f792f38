import assert from "node:assert/strict";
import fc from "fast-check";
import { planFailover } from "../../../../plan/acts/failover/failover";
import type { FailoverPlan, FailoverSettings } from "../../../../plan/acts/failover/plan";
import type { LogEnd, Reachable } from "../../../../plan/facts/facts";
import type { Observation } from "../../../../plan/facts/observation";
import { failoverGuards } from "../../../../plan/guards/failover";
import { describeFailover } from "../../../../plan/preview/describe";
import { argument, commandOf } from "../../../../plan/runtimes/process";
import type { Topology } from "../../../../plan/topology/topology";
import { afterLossOfA, alone, now, preflight, record } from "../../worlds/observations";
import { ready } from "../../worlds/settings";
import { spread } from "../../worlds/spread";
import { stepNamed, waits } from "../../worlds/step-order";

const ends = (term: number, index: number, revision = 478): Partial<Reachable> => ({
  etcd: { ...alone, revision },
  logEnd: { term, index },
});

const plan = (
  topology: Topology,
  change: Parameters<typeof afterLossOfA>[1] = {},
  settings: Partial<FailoverSettings> = {},
): FailoverPlan => planFailover(topology, { ...ready, ...settings }, afterLossOfA(topology, change));

describe("of several surviving voters", () => {
  const five = spread(3, 2);
  const cases: [string, Parameters<typeof afterLossOfA>[1], string, Partial<FailoverSettings>?][] = [
    ["that with the higher index is recovered", { b1: ends(3, 100), b2: ends(3, 101) }, "b2"],
    ["a higher term counts before a higher index", { b1: ends(4, 90), b2: ends(3, 101) }, "b1"],
    [
      "the WAL counts, not the revision that a member has applied",
      { b1: ends(3, 100, 900), b2: ends(3, 101, 800) },
      "b2",
    ],
    ["of equal ones, the deploy host's is recovered", { b1: ends(3, 100), b2: ends(3, 100) }, "b1"],
    [
      "one whose WAL can't be read isn't taken for newer",
      { b1: { ...ends(3, 100), logEnd: { unreadable: "isn't as etcd writes it" } as LogEnd }, b2: ends(3, 100) },
      "b2",
    ],
    [
      "one whose etcd doesn't answer is compared by its WAL",
      { b1: ends(3, 100), b2: { ...ends(3, 101), etcd: undefined } },
      "b2",
    ],
    [
      "one of which nothing is known isn't taken for newer",
      {
        b1: { ...ends(3, 100), logEnd: { unreadable: "isn't as etcd writes it" } as LogEnd, etcd: undefined },
        b2: ends(3, 90),
      },
      "b2",
    ],
    ["the operator's choice goes first", { b1: ends(3, 100), b2: ends(3, 101) }, "b1", { from: "b1" }],
    ["one without data is refused", { b1: { ...ends(3, 100), etcd: undefined, etcdBytes: 0 }, b2: ends(3, 90) }, "b2"],
    [
      "without any known end of a WAL revisions count",
      { b1: { etcd: { ...alone, revision: 5 } }, b2: { etcd: alone } },
      "b2",
    ],
  ];
  for (const [what, change, expected, settings] of cases) {
    it(what, () => assert.equal(plan(five, change, settings).source?.name, expected));
  }

  it("an older one that the operator names is recovered, and the guard says what it lacks", () => {
    const change = { b1: ends(3, 100), b2: ends(3, 101) };
    const chosen = plan(five, change, { from: "b1" });
    const source = failoverGuards(five, chosen, afterLossOfA(five, change)).find((v) => v.guard === "source");
    assert.match(source?.found ?? "", /b1, a voter: .*b2 has entries that its WAL lacks/);
  });

  it("the newest is the same whatever the order in which hosts are declared, and no other has a newer end", () => {
    const end = fc.record({ term: fc.integer({ min: 1, max: 3 }), index: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(fc.array(fc.option(end, { nil: undefined }), { minLength: 2, maxLength: 4 }), (list) => {
        const topology = spread(list.length + 1, list.length);
        const change = Object.fromEntries(list.map((logEnd, i) => [`b${i + 1}`, { etcd: alone, logEnd }]));
        const { source } = plan(topology, change);
        const newest = list.filter((e) => e !== undefined).sort((x, y) => y.term - x.term || y.index - x.index)[0];
        if (newest) assert.deepEqual(source?.logEnd, newest);
        else assert.equal(source?.name, "b1");
      }),
      { numRuns: 15 },
    );
  });
});

describe("the other surviving members", () => {
  const five = spread(3, 2);

  it("are stopped once the source is secured, and join after the first write, before `rke up`", () => {
    const { steps } = plan(five);
    assert.deepEqual(stepNamed(steps, "etcd-aside-b2").after, ["snapshot-b1", "claim-b1", "claim-b2"]);
    for (const [later, earlier] of [
      ["etcd-join-b2", "first-write-b1"],
      ["etcd-join-b2", "etcd-aside-b2"],
      ["etcd-servers-b1", "etcd-join-b2"],
      ["etcd-servers-b2", "etcd-servers-b1"],
      ["etcd-servers-b1", "lost-nodes-b1"],
      ["rke-up-b1", "etcd-servers-b2"],
      ["verify-member-b2", "rke-up-b1"],
      ["verify-data-b1", "rke-up-b1"],
    ] as const) {
      assert.ok(waits(steps, later, earlier), `${later} after ${earlier}`);
    }
    for (const step of ["etcd-member-b1", "first-write-b1"]) {
      assert.ok(!waits(steps, step, "etcd-aside-b2"), `${step} isn't delayed`);
    }
  });

  it("are API servers' etcd servers only when all have joined", () => {
    const { apiServers, finalApiServers } = plan(five);
    const servers = (list: typeof apiServers) => list.map((r) => argument(commandOf(r.after), "etcd-servers"));
    const [b1, b2] = ["https://10.2.0.1:2379", "https://10.2.0.2:2379"];
    assert.deepEqual(servers(apiServers), [b1, b1]);
    assert.deepEqual(servers(finalApiServers), [`${b1},${b2}`, `${b2},${b1}`]);
    assert.deepEqual([...finalApiServers.map((r) => r.unlikePlan)], [[], []]);
  });

  it("are in the recovered etcd's arguments from the beginning, so that RKE finds what it plans", () => {
    const { etcd, site } = plan(five);
    assert.equal(
      argument(etcd?.after.cmd ?? [], "initial-cluster"),
      "etcd-b1=https://10.2.0.1:2380,etcd-b2=https://10.2.0.2:2380",
    );
    assert.deepEqual(etcd?.unlikePlan, []);
    assert.deepEqual(
      site.voters.map((h) => h.name),
      ["b1", "b2"],
    );
  });

  it("refuse the lost hosts before they join a restored cluster", () => {
    const { steps } = plan(five, {}, { method: "restore" });
    assert.ok(waits(steps, "etcd-join-b2", "isolate-b2"));
    assert.deepEqual(stepNamed(steps, "isolate-b2").arguments, ["10.1.0.1", "10.1.0.2", "10.1.0.3"]);
    assert.deepEqual(stepNamed(steps, "verify-member-b2").arguments, [
      "etcd-b1,etcd-b2",
      "10.1.0.1",
      "10.1.0.2",
      "10.1.0.3",
    ]);
    assert.deepEqual(
      steps.filter((s) => s.script === "source" || s.script === "etcd-restore").map((s) => s.name),
      ["source-b1", "etcd-restore-b1"],
    );
  });

  it("of an even split join as well, and a learner comes last and stays one", () => {
    const { steps } = plan(spread(2, 2, true));
    assert.deepEqual(
      steps.filter((s) => s.script === "etcd-join").map((s) => [s.host.name, s.arguments[0]]),
      [
        ["b2", "voter"],
        ["bl", "learner"],
      ],
    );
    assert.ok(waits(steps, "etcd-join-bl", "etcd-join-b2"));
    assert.deepEqual(stepNamed(steps, "verify-member-b1").arguments, ["etcd-b1,etcd-b2,etcd-bl(learner)"]);
  });

  it("of a single survivor there are none, and no step is for them", () => {
    const { steps, finalApiServers } = plan(spread(2, 1));
    assert.deepEqual(finalApiServers, []);
    assert.deepEqual(
      steps.filter((s) => ["etcd-aside", "etcd-join", "etcd-leave", "etcd-servers"].includes(s.script)),
      [],
    );
  });

  it("preview shows each one's part at the end, and the ends of their WALs", () => {
    const change = { b1: ends(3, 100), b2: ends(3, 101) };
    const seen = afterLossOfA(five, change);
    const text = describeFailover(plan(five, change), [], [], now);
    assert.ok(seen);
    assert.match(
      text,
      /etcd's members at the end\n {2}b2 +voter: recovered first.*\n {2}b1 +voter: stopped, then added as a learner/,
    );
    assert.match(text, /a1 +no member: lost/);
    assert.match(text, /-> b2: voter, revision 478, its WAL ends at term 3, index 101/);
    assert.match(text, /\+ --etcd-servers=https:\/\/10\.2\.0\.2:2379, from the first write until/);
  });
});

describe("a survivor that can't be reached", () => {
  const nine = spread(5, 4);

  it("is given up together with the lost side, and said so", () => {
    const without = plan(nine, { b3: null });
    const names = (hosts: { name: string }[]) => hosts.map((h) => h.name);
    assert.deepEqual(names(without.leftOut), ["b3"]);
    assert.deepEqual(names(without.lostHosts), ["b3", "a1", "a2", "a3", "a4", "a5"]);
    assert.deepEqual(names(without.site.voters), ["b1", "b2", "b4"]);
    assert.deepEqual(
      without.steps.filter((s) => s.host.name === "b3"),
      [],
    );
    assert.match(stepNamed(without.steps, "claim-b1").data, /^leftOut=b3$/m);
    assert.ok(stepNamed(without.steps, "snapshot-b1").arguments.includes("b3=10.2.0.3:2379"), "it must be silent");
    assert.ok(stepNamed(without.steps, "rke-state-b1").arguments.includes("10.2.0.3"));
    const seen = afterLossOfA(nine, { b3: null });
    const guard = failoverGuards(nine, without, seen).find((v) => v.guard === "survivors reachable");
    assert.match(guard?.found ?? "", /b3 can't be reached, or was given up/);
    assert.match(describeFailover(without, [], [], now), /b3 +no member: it can't be reached/);
  });

  it("needs the operator's word or a fence, too, if the data is forced", () => {
    const fence = { a1: "off", a2: "off", a3: "off", a4: "off", a5: "off" };
    const topology = { ...nine, fence };
    const stops = (change: Parameters<typeof afterLossOfA>[1]) => {
      const seen = afterLossOfA(topology, change);
      const settings = { ...ready, attest: undefined };
      return failoverGuards(topology, planFailover(topology, settings, seen), seen)
        .filter((v) => !v.ok)
        .flatMap((v) => v.problems);
    };
    assert.deepEqual(stops({}), []);
    assert.match(stops({ b3: null }).join(), /^rke-dr:attest: must be .*topology\.fence a command for b3$/ms);
  });

  /** The act has begun on b1; what each host says besides is in `change`. */
  function begun(change: Parameters<typeof afterLossOfA>[1], noted: Record<string, string> = {}): Observation {
    const seen = afterLossOfA(nine, change);
    for (const facts of Object.values(seen.hosts)) {
      if (!facts.reachable) continue;
      const record_ = { source: "b1", member: "b1", ...noted };
      Object.assign(facts, {
        epoch: 2,
        act: "failover:a:forceNewCluster:b1",
        plan: record_,
        preflight: { ...facts.preflight, earlierPlan: record_ },
      });
      if (facts.host === "b1") facts.steps["etcd-member"] = record("etcd-member", 2, 1);
    }
    return seen;
  }

  it("is given up by a rerun, too, and its member is removed if it had joined", () => {
    const { leftOut, steps } = planFailover(nine, ready, begun({ b2: null }));
    assert.deepEqual(
      leftOut.map((h) => h.name),
      ["b2"],
    );
    assert.ok(steps.find((s) => s.name === "claim-b1")?.due, "the hosts learn of it");
    assert.deepEqual(stepNamed(steps, "etcd-leave-b1").arguments.slice(2), [
      "https://10.2.0.1:2379",
      "https://10.2.0.2:2380",
    ]);
    for (const host of ["b3", "b4"]) assert.ok(waits(steps, `etcd-join-${host}`, "etcd-leave-b1"));
  });

  it("stays given up when it is back, until failback", () => {
    const { leftOut, site } = planFailover(nine, ready, begun({}, { leftOut: "b2" }));
    assert.deepEqual(
      leftOut.map((h) => h.name),
      ["b2"],
    );
    assert.ok(!site.voters.some((h) => h.name === "b2"));
  });

  it("is never given up if etcd was recovered there: it may serve", () => {
    const seen = begun({ b1: null });
    const other = planFailover(nine, { ...ready, epoch: 3, confirm: "a@3" }, seen);
    assert.deepEqual(other.leftOut, []);
    const stopped = failoverGuards(nine, other, seen).filter((v) => !v.ok && v.guard === "survivors reachable");
    assert.equal(stopped.length, 1);
  });
});

describe("a later failover, while members haven't joined yet", () => {
  const five = spread(3, 2);
  /** Epoch 2 restored etcd on b1; b2 has its old data still, whose WAL ends at a higher term and index. */
  function served(b1: Partial<Reachable>, b2: Partial<Reachable> = {}): Observation {
    const earlier = { source: "b1", member: "b1", steps: "claim first-write rke-up" };
    const both = { epoch: 2, act: "failover:a:restore:b1" };
    const [host1, host2] = five.datacenters[1]?.hosts ?? [];
    assert.ok(host1 && host2);
    return afterLossOfA(five, {
      b1: {
        ...both,
        ...ends(2, 10),
        preflight: preflight(five, host1, { earlierPlan: { ...earlier, begun: "yes" } }),
        ...b1,
      },
      b2: { ...both, ...ends(5, 900), preflight: preflight(five, host2, { earlierPlan: earlier }), ...b2 },
    });
  }
  const third = { ...ready, epoch: 3, confirm: "a@3", attest: "powered-off@a@3" };
  const wrote = { steps: { claim: record("claim", 2, 1), "first-write": record("first-write", 2, 1) } };

  it("never starts from data that is older than the recovered one", () => {
    const { source, sources } = planFailover(five, third, served(wrote));
    assert.equal(source?.name, "b1");
    assert.match(
      sources.find((s) => s.name === "b2")?.problems.join() ?? "",
      /from before epoch 2, in which etcd was recovered on b1/,
    );
  });

  it("may follow one that is unfinished, if that one's first write was accepted", () => {
    const stops = (b1: Partial<Reachable>) => {
      const seen = served(b1);
      return failoverGuards(five, planFailover(five, third, seen), seen)
        .filter((v) => !v.ok)
        .map((v) => v.guard);
    };
    assert.deepEqual(stops(wrote), []);
    assert.deepEqual(stops({ steps: { claim: record("claim", 2, 1) } }), ["earlier acts"]);
  });

  it("may start from a member that has joined since", () => {
    const { source } = planFailover(five, third, served(wrote, { steps: { "etcd-join": record("etcd-join", 2, 1) } }));
    assert.equal(source?.name, "b2");
  });
});
