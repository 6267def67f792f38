import assert from "node:assert/strict";
import { failoverEvidence, recordedSigning } from "../../../../evidence/evidence";
import { actDifferences, actHash, actText } from "../../../../plan/acts/failover/act-text";
import { planFailover } from "../../../../plan/acts/failover/failover";
import type { FailoverSettings } from "../../../../plan/acts/failover/plan";
import type { Signing } from "../../../../plan/acts/failover/signing";
import type { Reachable } from "../../../../plan/facts/facts";
import type { Observation } from "../../../../plan/facts/observation";
import { failoverGuards } from "../../../../plan/guards/failover";
import { describeSigning } from "../../../../plan/preview/signing";
import type { Running } from "../../../../plan/runtimes/running";
import { allHosts, type Topology } from "../../../../plan/topology/topology";
import { kubeadmTopology } from "../../worlds/kubeadm-world";
import { afterLossOfA, alone, container, now, record } from "../../worlds/observations";
import { ready } from "../../worlds/settings";
import { spread } from "../../worlds/spread";
import { seed, withLearner } from "../../worlds/topologies";

/** Scripts whose texts are their names. */
const scripts = (script: string): string => `main() { : ${script}; }`;

const textOf = (topology: Topology, seen: Observation, how: Partial<FailoverSettings> = {}, scriptOf = scripts) =>
  actText(topology, planFailover(topology, { ...ready, ...how }, seen), scriptOf);

/** What every survivor says is altered. */
function altered(seen: Observation, change: (facts: Reachable) => Partial<Reachable>): Observation {
  const hosts = Object.entries(seen.hosts).map(([name, h]) => [name, h.reachable ? { ...h, ...change(h) } : h]);
  return { ...seen, hosts: Object.fromEntries(hosts) };
}

/** Datacenter a serves: the survivors' etcd answers and has quorum, other data, and their clocks have gone on. */
const inPeace = (topology: Topology, seen: Observation): Observation =>
  altered({ ...seen, at: now - 86_400_000, answers: ["master1 22", "master1 2379"] }, (h) => ({
    etcd: etcdInPeace(allHosts(topology).find((host) => host.name === h.host)?.etcd),
    newestLease: h.newestLease && h.newestLease - 86_400_000,
    clockSkew: 700,
    freeBytes: 2e11,
  }));

/** A learner's etcd answers, too, as it may not after the loss. */
const etcdInPeace = (part = "none"): Reachable["etcd"] =>
  part === "none"
    ? undefined
    : { ...alone, version: "3.5.21", quorum: true, revision: 12, dbBytes: 4096, learner: part === "learner" };

/** The act has been done up to a step, as a rerun finds the survivors. */
function killedAfter(topology: Topology, seen: Observation, how: Partial<FailoverSettings>, count: number) {
  const plan = planFailover(topology, { ...ready, ...how }, seen);
  const done = plan.steps.slice(0, count);
  return altered(seen, (facts) => {
    const own = done.filter((s) => s.host.name === facts.host);
    const scripts = own.map((s) => s.script);
    const claim = own.find((s) => s.script === "claim");
    const began = scripts.includes("etcd-member") || scripts.includes("etcd-restore");
    const processes: Record<string, Running> = { ...facts.processes };
    const replace = (name: string, running: Running | undefined) => {
      const old = facts.processes[name];
      if (old) processes[`${name}-before-epoch-2`] = old;
      delete processes[name];
      if (running) processes[name] = running;
    };
    if (began && plan.etcd) replace("etcd", container(plan.etcd.after, "running", 2));
    if (scripts.includes("etcd-aside")) replace("etcd", undefined);
    const api = plan.apiServers.find((r) => r.host.name === facts.host);
    if (scripts.includes("kube-apiserver") && api?.body) {
      replace("kube-apiserver", container(api.after, "running", 2));
    }
    return {
      ...(claim
        ? {
            epoch: 2,
            act: plan.act,
            plan: {
              ...Object.fromEntries(
                claim.data.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.replace(/^[^=]*=/, "")]),
              ),
              ...(began ? { begun: "yes" } : {}),
            },
          }
        : {}),
      processes,
      steps: Object.fromEntries(own.map((s) => [s.script, record(s.script, 2, 7)])),
    };
  });
}

const snapshot = (path: string, takenAt: number) => ({
  path,
  bytes: 1e6,
  state: "whole" as const,
  takenAt,
  revision: 400,
  described: { bytes: 1e6, cluster: "lab" },
});

const restored = { method: "restore" as const, attest: undefined };
const worlds: [what: string, topology: Topology, how: Partial<FailoverSettings>][] = [
  ["a voter that is forced", seed(), {}],
  ["a voter that is restored", seed(), restored],
  ["a learner", withLearner(), restored],
  ["two of five voters", spread(3, 2), {}],
  ["two of five voters, restored", spread(3, 2), restored],
  ["a cluster of kubeadm", kubeadmTopology(), {}],
];

describe("an act's text", () => {
  for (const [what, topology, how] of worlds) {
    const seen = afterLossOfA(topology);
    const wanted = textOf(topology, seen, how);

    it(`is the same in peace and after the loss: ${what}`, () => {
      assert.match(wanted, /^step claim-/m);
      assert.deepEqual(actDifferences(wanted, textOf(topology, inPeace(topology, seen), how)), []);
    });

    it(`is the same for a rerun, wherever the first run was killed: ${what}`, () => {
      const { steps } = planFailover(topology, { ...ready, ...how }, seen);
      for (const count of steps.keys()) {
        // the world below has docker's containers
        if (topology.installer === "kubeadm" && steps[count]?.script === "etcd-aside") break;
        if (topology.installer === "kubeadm" && steps.slice(0, count).some((s) => s.part === "EtcdMember")) break;
        const text = textOf(topology, killedAfter(topology, seen, how, count), how);
        assert.deepEqual(actDifferences(wanted, text), [], `after ${steps[count - 1]?.name}`);
      }
    });

    it(`has neither the operator's words nor a generation: ${what}`, () => {
      assert.equal(textOf(topology, seen, { ...how, confirm: undefined, attest: undefined }), wanted);
      assert.equal(textOf(topology, { ...seen, at: now + 5000 }, how), wanted);
      assert.doesNotMatch(wanted, new RegExp(`${now}|powered-off`));
    });
  }

  it("is another for another epoch, source, method, script, argument, host or fence", () => {
    const topology = seed();
    const seen = afterLossOfA(topology);
    const wanted = textOf(topology, seen);
    const moved = structuredClone(topology);
    const [first] = moved.datacenters[1]?.hosts ?? [];
    assert.ok(first);
    first.address = "192.168.31.113";
    const others = {
      epoch: textOf(topology, seen, { epoch: 3 }),
      method: textOf(topology, seen, { method: "restore" }),
      script: textOf(topology, seen, {}, (script) => scripts(script === "rke-up" ? "other" : script)),
      argument: textOf(
        { ...topology, etcd: { ...topology.etcd, extraArgs: { "quota-backend-bytes": "8589934592" } } },
        altered(seen, () => ({ processes: {} })),
      ),
      host: textOf(moved, seen),
      fence: textOf({ ...topology, fence: { master1: "true" } }, seen),
      "the container that runs": textOf(
        topology,
        altered(seen, (h) => {
          const processes = structuredClone(h.processes);
          processes.etcd?.process.cmd.push("--max-request-bytes=1");
          return { processes };
        }),
      ),
    };
    for (const [what, text] of Object.entries(others)) {
      assert.notEqual(actHash(text), actHash(wanted), what);
      assert.ok(actDifferences(wanted, text).length > 0, what);
    }
    assert.match(
      actDifferences(wanted, others.script).join("\n"),
      /^step rke-up-master3: - script rke-up [0-9a-f]{32}$/m,
    );
    assert.match(
      actDifferences(wanted, others["the container that runs"]).join("\n"),
      /^step etcd-member-master3: \+ "--max-request-bytes=1",?$/m,
    );
    assert.match(actDifferences(wanted, others.fence).join("\n"), /^fence commands, .*: \+ master1: true$/m);
  });

  it("is another for all that decides where the API's name leads, and names the line", () => {
    const topology = kubeadmTopology();
    const leads = (to: string) =>
      altered(afterLossOfA(topology), () => ({ endpoint: { name: "api.lab.test", addresses: [to] } }));
    const wanted = textOf(topology, leads("192.168.31.111"));
    const { kubeadm } = topology;
    assert.ok(kubeadm);
    const others: Record<string, [text: string, line: RegExp]> = {
      "the host to which it led": [
        textOf(topology, leads("192.168.31.112")),
        /^step claim-cp3: \+ data endpoint=cp2$/m,
      ],
      "the name": [
        textOf(
          { ...topology, kubeadm: { ...kubeadm, controlPlaneEndpoint: "k8s.lab.test:6443" } },
          leads("192.168.31.111"),
        ),
        /^step endpoint-cp3: \+ data name=k8s\.lab\.test$/m,
      ],
      "the command that moves it": [
        textOf({ ...topology, endpoint: { move: "true" } }, leads("192.168.31.111")),
        /^command that moves .*: \+ true$/m,
      ],
      "the word that it is moved by hand": [
        textOf(topology, leads("192.168.31.111"), { endpoint: "by-hand@a@2" }),
        /^step endpoint-cp3: \+ data must=no$/m,
      ],
    };
    assert.match(wanted, /^ {2}data endpoint=cp1$/m);
    for (const [what, [text, line]] of Object.entries(others)) {
      assert.match(actDifferences(wanted, text).join("\n"), line, what);
    }
    // it stands in the stack's file as text: a word for another act changes nothing
    assert.equal(textOf(topology, leads("192.168.31.111"), { endpoint: "by-hand@a@1" }), wanted);
  });

  it("is the same after docker was restarted, which then reports empty lists in place of null", () => {
    const topology = seed();
    const reporting = (empty: null | string[]) =>
      altered(afterLossOfA(topology), (h) => {
        const processes = structuredClone(h.processes);
        for (const { reported } of Object.values(processes)) {
          Object.assign((reported as { HostConfig: object }).HostConfig, {
            Dns: empty,
            DnsOptions: empty,
            DnsSearch: empty,
          });
        }
        return { processes };
      });
    assert.deepEqual(actDifferences(textOf(topology, reporting(null)), textOf(topology, reporting([]))), []);
    assert.match(textOf(topology, reporting(["10.0.0.1"])), /"Dns": \[\n\s+"10\.0\.0\.1"/);
  });

  it("names the newest snapshot by that only, and one that the operator chose by its path", () => {
    const topology = seed();
    const seen = (path: string) =>
      altered(afterLossOfA(topology), (h) => (h.host === "master3" ? { files: [snapshot(path, now - 1000)] } : {}));
    const [first, next] = ["/var/lib/rke-dr/snapshots/1.db", "/var/lib/rke-dr/snapshots/2.db"];
    const newest = textOf(topology, seen(first), { from: "snapshot" });
    assert.match(newest, /source snapshot \(the newest snapshot\) on master3/);
    assert.equal(textOf(topology, seen(next), { from: "snapshot" }), newest);
    assert.match(
      textOf(topology, seen(first), { from: first }),
      /source snapshot \/var\/lib\/rke-dr\/snapshots\/1\.db/,
    );
  });
});

describe("a confirmation with a hash", () => {
  const topology = seed();
  const seen = afterLossOfA(topology);
  const signedText = textOf(topology, seen);
  const signed = actHash(signedText);
  const otherText = textOf({ ...topology, fence: { master1: "true" } }, seen);
  const other = actHash(otherText);
  const signing = (change: Partial<Signing> = {}): Signing => ({
    text: signedText,
    hash: signed,
    declared: "d",
    kept: () => undefined,
    begun: undefined,
    ...change,
  });
  const guard = (name: string, how: Partial<FailoverSettings>, by: Signing) => {
    const settings = { ...ready, ...how };
    const found = failoverGuards(topology, planFailover(topology, settings, seen), seen, by).find(
      (v) => v.guard === name,
    );
    assert.ok(found);
    return found;
  };
  const confirmation = (confirm: string, by: Signing) => guard("confirmation", { confirm }, by);

  it("lets that act run", () => {
    const { ok, found } = confirmation(`a@2:${signed}`, signing());
    assert.deepEqual([ok, found], [true, `the operator confirmed a@2, and pinned the act ${signed}`]);
  });

  it("without a hash says that nothing was pinned", () =>
    assert.equal(confirmation("a@2", signing()).found, "the operator confirmed a@2; nothing was pinned"));

  it("stops another act, and names each line that differs from the text in signed/", () => {
    const kept = (hash: string) => (hash === other ? otherText : undefined);
    const { ok, problems } = confirmation(`a@2:${other}`, signing({ kept }));
    assert.equal(ok, false);
    assert.deepEqual(problems[0]?.split("\n"), [
      `rke-dr:confirm: must be the hash of the act that would run, ${signed}: ${other}`,
      "fence commands, on the operator's machine: - fence commands, on the operator's machine",
      "fence commands, on the operator's machine: - master1: true",
      `Once you have read what \`up\` would do: \`pulumi config set confirm a@2:${signed} --stack failover\``,
      "To pin nothing: `pulumi config set confirm a@2 --stack failover`",
    ]);
  });

  it("stops another act whose text isn't kept, and says how texts are kept", () =>
    assert.match(
      confirmation(`a@2:${other}`, signing()).problems.join(),
      /No file of signed\/ .*npm run plan -- --write/,
    ));

  it("names at most 8 lines, and how to read the rest", () => {
    const kept = () => "nothing\n";
    const [told = ""] = confirmation(`a@2:${other}`, signing({ kept })).problems;
    assert.equal(told.split("\n").length, 1 + 8 + 1 + 2);
    assert.match(told, new RegExp(`^and \\d+ lines more: \`npm run plan -- --against ${other}\`$`, "m"));
  });

  for (const [what, confirm, wrong] of [
    ["too short", "a@2:abc", /^rke-dr:confirm: the hash behind the colon must be 32 digits of 0-9 and a-f: "abc"$/m],
    ["empty", "a@2:", /^rke-dr:confirm: the hash behind the colon must be 32 digits of 0-9 and a-f: ""$/m],
    ["in capitals", `a@2:${signed.toUpperCase()}`, /must be 32 digits of 0-9 and a-f/],
    ["of another epoch", `a@3:${signed}`, /^rke-dr:confirm: must be "a@2": "a@3:[0-9a-f]{32}"$/m],
    ["of another datacenter", `b@2:${signed}`, /^rke-dr:confirm: must be "a@2": "b@2:/m],
  ] as const) {
    it(`is refused by one clear error: ${what}`, () => {
      const { problems } = confirmation(confirm, signing());
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? "", wrong);
    });
  }

  it("that the act has begun with ends it, even if hosts have changed since", () => {
    const begun = { hash: other, declared: "d" };
    const { ok, found } = confirmation(`a@2:${other}`, signing({ begun }));
    assert.equal(ok, true);
    assert.match(found, new RegExp(`pinned the act ${other}, as which it has begun; .* it is ${signed} now$`));
  });

  it("stays that of an act that has claimed survivors and set nothing aside yet, however often it is run again", () => {
    const settings = { ...ready, confirm: `a@2:${other}` };
    const plan = planFailover(topology, settings, seen);
    const evidence = failoverEvidence(topology, plan, [], [], 1, signing());
    const claimed = altered(seen, () => ({
      epoch: 2,
      act: plan.act,
      plan: { evidence: JSON.stringify(evidence) },
    }));
    assert.deepEqual(recordedSigning(plan, claimed), { hash: other, declared: "d", pinned: true });
    assert.equal(recordedSigning(plan, seen), undefined);
    const another = { ...plan, act: "failover:a:restore:master3" };
    assert.equal(recordedSigning(another, claimed), undefined);
  });

  it("that the act has begun with doesn't excuse another topology or program", () =>
    assert.equal(confirmation(`a@2:${other}`, signing({ begun: { hash: other, declared: "e" } })).ok, false));

  it("stands at the end of preview with the command that pins it", () => {
    const plan = planFailover(topology, ready, seen);
    const lines = describeSigning(plan, signing());
    assert.match(lines.join("\n"), new RegExp(`The act's hash: ${signed}\n`));
    assert.equal(lines.at(-1), `    pulumi config set confirm a@2:${signed} --stack failover`);
    const pinned = planFailover(topology, { ...ready, confirm: `a@2:${signed}` }, seen);
    assert.doesNotMatch(describeSigning(pinned, signing()).join("\n"), /pulumi config/);
  });

  describe("and an attestation", () => {
    const word = "powered-off@a@2";
    const attestation = (attest: FailoverSettings["attest"], attestBy?: number) =>
      guard("attestation", { attest, ...(attestBy ? { attestBy } : {}) }, signing());

    it("of one person may be bound to the hash", () => assert.equal(attestation(`${word}:${signed}`).ok, true));

    it("that is bound to another act is refused", () => {
      const { problems } = attestation(`${word}:${other}`);
      assert.equal(problems.length, 1);
      assert.match(
        problems[0] ?? "",
        /^rke-dr:attest: the word must be bound to the act that would run, [0-9a-f]{32}: "[0-9a-f]{32}"\n/,
      );
    });

    it("of two persons is taken if both words are bound to the hash", () => {
      const { ok, found } = attestation({ kim: `${word}:${signed}`, lee: `${word}:${signed}` }, 2);
      assert.equal(ok, true);
      assert.match(found, /^attested by kim, lee for a@2 that master1, master2, node1 are powered off$/);
    });

    for (const [what, attest, found] of [
      ["one word", { kim: `${word}:${signed}` }, `kim says "${word}:${signed}"`],
      ["a word without a name", `${word}:${signed}`, `"${word}:${signed}", which stands under no name`],
      [
        "a word that is bound to nothing",
        { kim: word, lee: `${word}:${signed}` },
        `kim says "${word}", which is bound to no hash`,
      ],
      ["nothing", undefined, "not set"],
    ] as const) {
      it(`of two persons isn't given by ${what}`, () => {
        const { problems } = attestation(attest, 2);
        assert.equal(problems.length, 1);
        const [wrong = "", , way = ""] = (problems[0] ?? "").split("\n");
        assert.ok(wrong.startsWith(`rke-dr:attest: 2 persons must attest "${word}:${signed}", each under a name: `));
        assert.ok(wrong.includes(found), wrong);
        assert.equal(way, `Once they are: \`pulumi config set --path attest.NAME ${word}:${signed} --stack failover\``);
      });
    }

    it("of two persons isn't given if one of them means another act", () => {
      const { problems } = attestation({ kim: `${word}:${signed}`, lee: `${word}:${other}` }, 2);
      assert.match(problems.join(), /^rke-dr:attest: the word of lee must be bound to the act/);
      assert.match(
        problems.join(),
        /`pulumi config set --path attest\.lee powered-off@a@2:[0-9a-f]{32} --stack failover`/,
      );
    });
  });
});
