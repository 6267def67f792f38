import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { sentToRehearse } from "../../cli/rehearse";
import { readTopologyFile } from "../../cli/topology-file";
import { buildFailover } from "../../components/failover";
import { buildPrimary } from "../../components/primary";
import { failoverEvidence } from "../../evidence/evidence";
import { planFailover } from "../../plan/acts/failover/failover";
import type { FailoverSettings } from "../../plan/acts/failover/plan";
import { planPrimary } from "../../plan/acts/primary/primary";
import { planRehearsal } from "../../plan/acts/rehearsal/rehearsal";
import { actProblems } from "../../plan/declaration/installers";
import type { Observation } from "../../plan/facts/observation";
import { nothingSeen, refusals } from "../../plan/review/analysis";
import { controlPlane, learner, survivors, voters } from "../../plan/topology/order";
import { allHosts, type Topology } from "../../plan/topology/topology";
import { memberOf, returned, serving } from "../plan/worlds/failback-world";
import { now, preflight, survivor } from "../plan/worlds/observations";

const root = join(__dirname, "../..");
const recorded = join(root, "test/golden/sent-to-hosts.json");

/** One command on a host: its command line, and SHA-256 of what it reads, the scripts apart from their data. */
interface Sent {
  command: string;
  /** Without lines that are only a comment: words for people may change. */
  scripts: string;
  data: string;
}

const sum = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);
const start = 'main "$@"; exit\n';

function sentBy(command: string, input: string): Sent {
  const at = input.indexOf(`\n${start}`);
  assert.ok(at > 0, command);
  const scripts = input.slice(0, at).split("\n");
  return {
    command,
    scripts: sum(scripts.filter((line) => !/^\s*(#.*)?$/.test(line)).join("\n")),
    data: sum(input.slice(at + 1 + start.length)),
  };
}

/** A text, also one that Pulumi hands over marked as a secret. */
const shown = (input: string | { value: string }): string => (typeof input === "string" ? input : input.value);

/** Collects the commands that the program sends to hosts: the inputs of its remote commands, as Pulumi's engine would get them. */
async function captured(build: () => unknown): Promise<Record<string, Sent>> {
  const sent: Record<string, Sent> = {};
  let pending = 0;
  await pulumi.runtime.setMocks({
    newResource: async ({ type, name, inputs }) => {
      pending++;
      if (type === "command:remote:Command") sent[name] = sentBy(shown(inputs.create), shown(inputs.stdin));
      const made = { stdout: "", certPem: `certificate ${name}`, privateKeyPem: `key ${name}` };
      const keys = {
        publicKeyOpenssh: `public ${name}`,
        privateKeyOpenssh: `private ${name}`,
        certRequestPem: "request",
      };
      pending--;
      return { id: name, state: { ...inputs, ...made, ...keys } };
    },
    call: () => ({}),
  });
  build();
  // resources register one after the other, each when those before it are there
  for (
    let quiet = 0, known = -1;
    quiet < 20;
    quiet = Object.keys(sent).length === known && pending === 0 ? quiet + 1 : 0
  ) {
    known = Object.keys(sent).length;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return Object.fromEntries(Object.entries(sent).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const access = ({ ssh }: Topology) => ({ user: ssh.user, port: ssh.port, privateKey: "key" });

function failover(topology: Topology, settings: FailoverSettings, seen: Observation) {
  const plan = planFailover(topology, settings, seen);
  assert.ok(plan.steps.length > 0, `${settings.lost}: no steps`);
  const evidence = failoverEvidence(topology, plan, [], [], 1);
  return captured(() => buildFailover(topology, plan, evidence, access(topology), Promise.resolve()));
}

const primary = (topology: Topology, epoch: number, seen: Observation) =>
  captured(() =>
    buildPrimary(topology, planPrimary(topology, epoch, seen, { returnGuard: "on", purge: 1 }), access(topology)),
  );

/** The survivors of a loss, each as RKE left it. */
const afterLoss = (topology: Topology, lost: string): Observation => ({
  hosts: Object.fromEntries(survivors(topology, lost).map((h) => [h.name, survivor(topology, h)])),
  answers: [],
  at: now,
});

/** The same without a, with a snapshot on a host of b that has no control plane. */
function withSnapshot(topology: Topology): Observation {
  const seen = afterLoss(topology, "a");
  const described = { bytes: 1000, cluster: topology.cluster };
  const path = "/var/lib/rke-dr/snapshots/s.db";
  const file = { path, state: "whole" as const, bytes: 1000, takenAt: now - 600_000, revision: 400, described };
  const [keeper] = survivors(topology, "a").filter((h) => !h.roles.includes("controlplane"));
  assert.ok(keeper);
  return { ...seen, hosts: { ...seen.hosts, [keeper.name]: survivor(topology, keeper, { files: [file] }) } };
}

/** The lost datacenter a is back; the failover had recovered etcd on `member`. */
function afterReturn(topology: Topology, member: string, method: string): Observation {
  const act = `failover:a:${method}:${member}`;
  const host = allHosts(topology).find((h) => h.name === member);
  assert.ok(host);
  const earlierPlan = { source: member, member, method, lost: "a" };
  const change = Object.fromEntries(
    allHosts(topology)
      .filter((h) => h.datacenter === "b")
      .map((h) => [h.name, { act, preflight: preflight(topology, h, { earlierPlan }) }]),
  );
  const serves = { ...change[member], etcd: serving(topology), members: [memberOf(host)] };
  return returned({ ...change, [member]: serves }, topology);
}

/** Datacenter b before any disaster; the etcd of `member` answers. */
const inPeace = (topology: Topology, member: string): Observation => ({
  hosts: Object.fromEntries(
    survivors(topology, "a").map((h) => [
      h.name,
      survivor(topology, h, { etcd: h.name === member ? { ...serving(topology), version: "3.5.21" } : undefined }),
    ]),
  ),
  answers: [],
  at: now,
});

const topologies = ["Pulumi.yaml", ...readdirSync(join(root, "topologies")).map((file) => `topologies/${file}`)];

/** Every act on every topology of the project. */
async function everyAct(): Promise<Record<string, Record<string, Sent>>> {
  const acts: Record<string, Record<string, Sent>> = {};
  for (const file of topologies) {
    const topology = readTopologyFile(join(root, file));
    if (actProblems(topology).length > 0) continue;
    acts[`${file}: primary`] = await primary(topology, 1, nothingSeen);
    for (const { name: lost } of topology.datacenters.filter((dc) => refusals(topology, dc.name).length === 0)) {
      const settings = { lost, epoch: 2, from: "auto", confirm: `${lost}@2`, attest: `powered-off@${lost}@2` };
      acts[`${file}: failover of ${lost}`] = await failover(topology, settings, nothingSeen);
      acts[`${file}: failover of ${lost}, seen`] = await failover(topology, settings, afterLoss(topology, lost));
      acts[`${file}: failover of ${lost}, restore`] = await failover(
        topology,
        { ...settings, method: "restore" },
        afterLoss(topology, lost),
      );
    }
    // the observations of the acts below are those of RKE's hosts
    if (topology.installer !== "rke") continue;
    const left = survivors(topology, "a");
    const member = voters(left)[0] ?? learner(left) ?? controlPlane(left)[0];
    assert.ok(member);
    const method = member.etcd === "voter" ? "forceNewCluster" : "restore";
    acts[`${file}: failback`] = await primary(topology, 3, afterReturn(topology, member.name, method));
    if (member.etcd === "none") {
      const settings = { lost: "a", epoch: 2, from: "snapshot", confirm: "a@2", attest: undefined };
      acts[`${file}: failover of a, a worker's snapshot`] = await failover(topology, settings, withSnapshot(topology));
      // a rehearsal needs a member of etcd on its side
      continue;
    }
    const plan = planRehearsal(topology, "auto", inPeace(topology, member.name));
    assert.ok("rehearsal" in plan, JSON.stringify(plan));
    const { command, input } = sentToRehearse(topology, plan.rehearsal, 2, 7);
    acts[`${file}: rehearsal`] = { rehearse: sentBy(command, input) };
  }
  return acts;
}

/**
 * The commands that run on hosts are reviewed here: each command line, its data and its scripts. `UPDATE_SENT=1 npx mocha
 * test/repository/sent-to-hosts.test.ts` writes it anew; the diff then says which steps of which act changed.
 */
describe("what is sent to hosts", () => {
  it("is as it was recorded, for every act on every topology", async function () {
    this.timeout(600_000);
    const acts = await everyAct();
    if (process.env.UPDATE_SENT) writeFileSync(recorded, `${JSON.stringify(acts, null, 1)}\n`);
    const before = JSON.parse(readFileSync(recorded, "utf8")) as typeof acts;
    assert.deepEqual(Object.keys(acts), Object.keys(before));
    const changed = Object.entries(acts).flatMap(([act, steps]) =>
      [...new Set([...Object.keys(steps), ...Object.keys(before[act] ?? {})])].flatMap((name) => {
        const [was, is] = [before[act]?.[name], steps[name]];
        const parts = (["command", "scripts", "data"] as const).filter((part) => was?.[part] !== is?.[part]);
        return parts.map((part) => `${act}: ${name}: ${part}\n  - ${was?.[part]}\n  + ${is?.[part]}`);
      }),
    );
    assert.deepEqual(changed, []);
  });
});
