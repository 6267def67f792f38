import assert from "node:assert/strict";
import { planFailover } from "../../../../plan/acts/failover/failover";
import {
  type FenceResult,
  fenceProblems,
  fencesDue,
  mergedFences,
  recordedFences,
  reliedOn,
} from "../../../../plan/acts/failover/fence";
import { parseTopology } from "../../../../plan/declaration/declaration";
import { failoverGuards } from "../../../../plan/guards/failover";
import { afterLossOfA, record } from "../../worlds/observations";
import { ready } from "../../worlds/settings";
import { raw, seedHosts } from "../../worlds/topologies";

const both = { master1: "off 1", master2: "off 2" };
const act = "failover:a:forceNewCluster:master3";

const result = (host: string, exit: FenceResult["exit"]): FenceResult => ({
  host,
  command: `off ${host}`,
  exit,
  seconds: 1.5,
  endedAt: "2026-11-21T12:00:00.000Z",
});
const claimed = (...results: FenceResult[]) => ({ epoch: 2, act, plan: { fences: JSON.stringify(results) } });

function world(
  fence: Record<string, string>,
  answers: string[] = [],
  hosts: Parameters<typeof afterLossOfA>[1] = {},
  attest?: string,
) {
  const topology = parseTopology(raw(seedHosts, { fence }));
  const seen = afterLossOfA(topology, hosts, answers);
  const plan = planFailover(topology, { ...ready, attest }, seen);
  const stops = failoverGuards(topology, plan, seen).filter((v) => !v.ok);
  return {
    topology,
    seen,
    plan,
    stops: stops.map((v) => `${v.guard}: ${v.found}`),
    problems: stops.flatMap((v) => v.problems),
  };
}

describe("fences", () => {
  const stops: [string, Parameters<typeof world>, RegExp | undefined][] = [
    ["a command for every lost member of etcd takes the place of the attestation", [both], undefined],
    ["one for a part of them doesn't", [{ master1: "off 1" }], /^attestation: rke-dr:attest: must be /],
    ["a worker needs none", [{ ...both, node1: "off 3" }], undefined],
    ["a host that will be fenced may answer at SSH", [both, ["master1 22"]], undefined],
    ["its kernel may refuse", [both, ["master1 2379 refused", "master1 6443 refused"]], undefined],
    [
      "a host without a fence may not",
      [both, ["node1 22"]],
      /^lost side is silent: a: .*: node1 port 22 answers the operator$/,
    ],
    [
      "what serves isn't lost, fence or not",
      [both, ["master1 2379", "master2 6443"]],
      /master1 port 2379 answers the operator; master2 port 6443 answers the operator/,
    ],
    [
      "nor what serves a survivor (the operator's own link may be cut)",
      [both, [], { node2: { answers: ["master1 6443"] } }],
      /master1 port 6443 answers node2/,
    ],
    [
      "an attestation doesn't make a living side dead",
      [{}, ["master1 2379 refused"], {}, "powered-off@a@2"],
      /master1 port 2379 refuses the operator/,
    ],
  ];
  it("names the lost members of etcd that have no command yet", () =>
    assert.match(world({ master1: "off 1" }).problems.join("\n"), /topology\.fence a command for master2$/m));
  for (const [what, args, why] of stops) {
    it(what, () => {
      const told = world(...args).stops;
      if (why === undefined) assert.deepEqual(told, []);
      else assert.match(told.join("\n"), why);
    });
  }

  const due: [string, Parameters<typeof world>, string[]][] = [
    ["all at first", [both], ["master1", "master2"]],
    ["not what has succeeded in this act", [both, [], { node2: claimed(result("master1", 0)) }], ["master2"]],
    ["what failed, again", [both, [], { node2: claimed(result("master1", 1)) }], ["master1", "master2"]],
    [
      "what has succeeded, again when its host answers",
      [both, ["master1 22"], { node2: claimed(result("master1", 0), result("master2", 0)) }],
      ["master1"],
    ],
    [
      "another act's fences count for nothing",
      [both, [], { node2: { ...claimed(result("master1", 0)), act: "failover:a:restore:x" } }],
      ["master1", "master2"],
    ],
    [
      "nothing once the old etcd is set aside and all is silent",
      [both, [], { master3: { epoch: 2, act, plan: {}, steps: { "etcd-member": record("etcd-member", 2, 1) } } }],
      [],
    ],
  ];
  for (const [what, args, hosts] of due) {
    it(`are run: ${what}`, () => {
      const { topology, plan, seen } = world(...args);
      assert.deepEqual(
        fencesDue(topology, plan, seen).map((f) => f.host),
        hosts,
      );
    });
  }

  it("nobody is fenced by a failover that has nothing left to do: the host may be back for failback", () => {
    const { topology, plan, seen } = world(both, ["master1 22"]);
    const done = { ...plan, steps: plan.steps.map((s) => ({ ...s, due: false })) };
    assert.deepEqual(fencesDue(topology, done, seen), []);
  });

  it("one that fails is named with its command and how it ended, unless the operator attests", () => {
    const { plan } = world(both);
    const failed = [result("master1", 0), result("master2", 3), result("node1", "time limit")];
    assert.deepEqual(
      fenceProblems(plan, failed).map((p) => p.split(";")[0]),
      [
        "master2: `off master2` must succeed, it ended with 3 after 1.5 s",
        "node1: `off node1` must succeed, it was ended after 60 s",
      ],
    );
    assert.deepEqual(fenceProblems(world(both, [], {}, "powered-off@a@2").plan, failed), []);
  });

  it("a word that was given for another failover takes no fence's place, and was not relied on", () => {
    for (const stale of ["powered-off", "powered-off@a@1", "powered-off@b@2"]) {
      const { plan } = world(both, [], {}, stale);
      assert.match(
        fenceProblems(plan, [result("master2", 3)]).join(),
        /with rke-dr:attest "powered-off@a@2" your word takes its place: `pulumi config set attest powered-off@a@2 --stack failover`$/,
      );
      assert.equal(reliedOn(plan, []), "nothing yet");
    }
  });

  it("what the act relied on names both", () => {
    const { plan } = world(both, [], {}, "powered-off@a@2");
    assert.equal(
      reliedOn(plan, [result("master1", 0), result("master2", 3)]),
      "the fence command of master1, which succeeded at 2026-11-21T12:00:00.000Z; no fence of master2: it ended with 3 after 1.5 s; the operator's attestation: powered-off@a@2",
    );
  });

  it("the newer result of a host counts, and what was recorded is read again", () => {
    const merged = mergedFences([result("master1", 1), result("master2", 0)], [result("master1", 0)]);
    assert.deepEqual(
      merged.map((f) => [f.host, f.exit]),
      [
        ["master2", 0],
        ["master1", 0],
      ],
    );
    const { plan, seen } = world(both, [], { master3: claimed(...merged) });
    assert.deepEqual(recordedFences(plan, seen), merged);
  });
});
