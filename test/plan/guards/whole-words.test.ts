import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readTopologyFile } from "../../../cli/topology-file";
import { planFailover } from "../../../plan/acts/failover/failover";
import type { FailoverSettings } from "../../../plan/acts/failover/plan";
import type { Signing } from "../../../plan/acts/failover/signing";
import { planPrimary } from "../../../plan/acts/primary/primary";
import type { HostFacts, Reachable } from "../../../plan/facts/facts";
import type { Observation } from "../../../plan/facts/observation";
import { failoverGuards } from "../../../plan/guards/failover";
import { failoverNotes } from "../../../plan/guards/notes";
import { primaryGuards } from "../../../plan/guards/primary";
import { describeFailover, describePrimary } from "../../../plan/preview/describe";
import { allHosts, type Topology } from "../../../plan/topology/topology";
import { returned } from "../worlds/failback-world";
import { kubeadmReturned } from "../worlds/kubeadm-returned";
import { kubeadmTopology, untouchedCluster } from "../worlds/kubeadm-world";
import { afterLossOfA, now } from "../worlds/observations";
import { refusals } from "../worlds/refusals";
import { ready } from "../worlds/settings";
import { seed, withLearner } from "../worlds/topologies";

/** What a text has if a value that isn't there, or that is none of a text, was put into it. */
const broken = /undefined|\bNaN\b|\[object |\bnull\b|Invalid Date|function ?\(|=> /;

/** The lines of a preview, and of each problem, in which something is broken, or that name a runtime which the cluster doesn't have. */
const brokenLines = (texts: string[], { installer }: Pick<Topology, "installer"> = { installer: "rke" }): string[] =>
  texts
    .flatMap((t) => t.split("\n"))
    .filter((line) => broken.test(line) || (installer !== "rke" && /docker|\brke up\b/.test(line)));

const hash = "0123456789abcdef0123456789abcdef";
const other = "f".repeat(32);
const signing: Signing = { text: "a\n", hash, declared: hash, kept: () => undefined, begun: undefined };

/** What an operator may have typed, beside the right words. */
const typed: Partial<FailoverSettings>[] = [
  {},
  { confirm: undefined, attest: undefined },
  { confirm: "a@1", attest: "powered-off" },
  { confirm: `a@2:${other}`, attest: `powered-off@a@2:${other}` },
  { confirm: "a@2:12", attest: "powered-off@a@2:12" },
  { confirm: `a@2:${hash}`, attest: `powered-off@a@2:${hash}` },
  { attest: { kim: "powered-off@a@2", lee: `powered-off@a@2:${other}` } },
  { attest: undefined, method: "restore" },
  { from: "snapshot" },
  { from: "/nowhere/snapshot.db" },
];
const words: Partial<FailoverSettings>[] = [
  ...typed,
  ...typed.map((how) => ({ ...how, attestBy: 2 })),
  { endpoint: "by-hand@a@2" },
  { endpoint: "by-hand@a@1" },
];

/** Hosts that tell less than usual: one thing is missing on all of them. */
const missing: Partial<Reachable>[] = [
  { etcd: undefined, etcdLog: "panic: no space" },
  { members: [], peers: undefined },
  { nodes: undefined, newestLease: undefined },
  { deploy: undefined },
  { cluster: undefined, act: undefined, epoch: 0 },
  { processes: {} },
  { caSum: undefined, login: undefined, upSeconds: 5 },
  { files: [], trust: {} },
  { heldSince: now - 60_000 },
  { clockSkew: 3_600_000, freeBytes: 0, etcdBytes: 1e12 },
  { tools: { curl: false, root: false, runtime: "", flock: false, installer: false } },
  { isolation: { firewall: false, refused: ["10.0.0.1"], boot: "" } },
  { endpoint: { name: "api.lab.test", addresses: [] } },
  { cluster: "another", epoch: 7, act: "failover:b:restore:nobody", plan: { member: "nobody" } },
];

function changed(seen: Observation, change: Partial<Reachable>): Observation {
  const hosts = Object.entries(seen.hosts).map(([name, h]) => [name, h.reachable ? { ...h, ...change } : h]);
  return { ...seen, hosts: Object.fromEntries(hosts) };
}

const refusal = (host: string, how: object): HostFacts => ({ reachable: false, host, reason: "timed out", ...how });
const silent = (topology: Topology, how: object = {}): Observation => ({
  hosts: Object.fromEntries(allHosts(topology).map(({ name }) => [name, refusal(name, how)])),
  answers: allHosts(topology).flatMap(({ name }) => [`${name} 22`, `${name} 2379 refused`]),
  at: now,
});
const seenBy = (topology: Topology, seen: Observation): [string, Observation][] => [
  ["as usual", seen],
  ["nothing", { hosts: {}, answers: [], at: now }],
  ["no host", silent(topology)],
  ["refused logins", silent(topology, { refusal: "login refused" })],
  ["other keys", silent(topology, { refusal: "another host key" })],
  ["sudo", silent(topology, { refusal: "sudo refused" })],
  ...missing.map((change): [string, Observation] => [JSON.stringify(change), changed(seen, change)]),
];

const folder = join(__dirname, "../../../topologies");
const topologies: [string, Topology][] = [
  ...readdirSync(folder).map((name): [string, Topology] => [name, readTopologyFile(join(folder, name))]),
  ["a fence and two persons", { ...seed(), fence: { master1: "true" }, attest: { by: 2 } }],
  ["adopted", { ...seed(), pki: "adopted" }],
];

/** All that a failover's preview and its guards say. */
function toldByFailover(topology: Topology, settings: FailoverSettings, seen: Observation): string[] {
  const plan = planFailover(topology, settings, seen);
  const verdicts = failoverGuards(topology, plan, seen, signing);
  const notes = failoverNotes(topology, plan, seen);
  return [...verdicts.flatMap((v) => [v.found, ...v.problems]), describeFailover(plan, verdicts, notes, now, [], [])];
}

function toldByPrimary(topology: Topology, epoch: number, seen: Observation, confirm?: string): string[] {
  const plan = planPrimary(topology, epoch, seen);
  const adopted = topology.pki === "adopted" && topology.installer === "rke";
  const cluster = adopted ? { text: "{}", certificates: {}, hosts: ["192.168.31.109"], caSum: "sum" } : undefined;
  const verdicts = primaryGuards(topology, plan, seen, cluster, confirm);
  return [...verdicts.flatMap((v) => [v.found, ...v.problems]), describePrimary(plan, verdicts, [], seen, [])];
}

describe("no guard, and no preview, puts a value that isn't there into its words", () => {
  it("whatever refuses an act, and whatever the operator has typed", () => {
    for (const [i, [name, c]] of Object.entries(refusals).entries()) {
      const topology = c.topology ?? seed();
      const seen = afterLossOfA(topology, c.hosts, c.answers);
      // all words where nothing else is wrong, then one after the other
      for (const how of i === 0 ? words : [words[i % words.length] ?? {}]) {
        const told = toldByFailover(topology, { ...ready, ...c.settings, ...how }, seen);
        assert.deepEqual(brokenLines(told), [], `${name}, ${JSON.stringify(how)}`);
      }
    }
  });

  for (const [name, topology] of topologies) {
    const losses = topology.datacenters.map((dc) => dc.name);
    it(`a failover, whichever datacenter is lost and whatever hosts tell: ${name}`, () => {
      for (const lost of losses) {
        for (const [what, seen] of seenBy(topology, { ...afterLossOfA(topology), ...worldOf(topology) })) {
          const unsaid = { confirm: undefined, attest: undefined };
          const unnamed = { attestBy: 2, attest: `powered-off@${lost}@2:${other}` };
          for (const how of what === "as usual" ? [{}, unsaid, unnamed] : [unsaid]) {
            const settings = { ...ready, lost, confirm: `${lost}@2`, attest: `powered-off@${lost}@2`, ...how };
            assert.deepEqual(brokenLines(toldByFailover(topology, settings, seen), topology), [], `${lost}: ${what}`);
          }
        }
      }
    });
    it(`primary in peace, whatever hosts tell: ${name}`, () => {
      for (const [what, seen] of seenBy(topology, worldOf(topology))) {
        assert.deepEqual(brokenLines(toldByPrimary(topology, 1, seen), topology), [], what);
      }
    });
  }

  const backs: [string, Topology, Observation][] = [
    ["RKE", seed(), returned()],
    ["RKE, with a learner", withLearner(), returned({}, withLearner())],
    ["RKE, adopted", { ...seed(), pki: "adopted" }, returned()],
    ["kubeadm", kubeadmTopology(), kubeadmReturned(kubeadmTopology())],
  ];
  for (const [name, topology, back] of backs) {
    it(`a failback, whatever hosts tell: ${name}`, () => {
      for (const [what, seen] of seenBy(topology, back)) {
        for (const confirm of [undefined, "primary@2", "primary@3"]) {
          assert.deepEqual(brokenLines(toldByPrimary(topology, 3, seen, confirm), topology), [], `${what}, ${confirm}`);
        }
      }
    });
  }
});

/** All hosts of a topology, as they are in peace. */
const worldOf = (topology: Topology): Observation =>
  topology.installer === "kubeadm" ? untouchedCluster(topology) : { ...returned({}, topology), at: now };
