import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { attested, clustersCommand, type ManyClusters, raiseClusters } from "../../bench/clusters";
import type { ClustersReport } from "../../evidence/clusters-report";
import { Lab } from "../../lab/lab";
import { until } from "../../lab/machine/run";
import { chooseEngine, type Engine } from "../../lab/operator/engine";
import { operatorDir } from "../../lab/operator/operator";
import { noLab } from "./world";

/** Pulumi's engine and the program as they are; the clusters' survivors are SSH servers that stand in for hosts, and the lost ones answer nothing. */
const suite = noLab === "" ? describe : describe.skip;
suite(`several clusters by one command${noLab === "" ? "" : ` (skipped: ${noLab})`}`, function () {
  this.timeout(600_000);
  const lab = Lab.open(join(mkdtempSync(join(tmpdir(), "rke-dr-clusters-")), "lab"));
  const folder = join(lab.place.dir, "clusters");
  const words = join(folder, "words.yaml");
  let engine: Engine;
  let many: ManyClusters;

  before(async function () {
    this.timeout(1_800_000);
    mkdirSync(operatorDir(lab.place), { recursive: true, mode: 0o700 });
    engine = await chooseEngine(lab.place);
    many = await raiseClusters(folder, 5, (text, cluster) => {
      // c04 has nothing in a; c05 has two of its three voters in b
      if (cluster === "c04") return text.replace("- name: a\n", "- name: x\n");
      return cluster === "c05" ? withVoterMoved(text) : text;
    });
    // c02 can't be recovered as its stack says
    stackFile("c02", (text) => `${text}  rke-dr:recover: { from: snapshot }\n`);
  });
  after(() => {
    many?.end();
    rmSync(join(lab.place.dir, ".."), { recursive: true, force: true });
  });

  function withVoterMoved(text: string): string {
    const topology = parse(text);
    const [a, b] = topology.datacenters;
    [a.hosts[1].roles, b.hosts[1].roles] = [b.hosts[1].roles, a.hosts[1].roles];
    return stringify(topology, { aliasDuplicateObjects: false });
  }

  function stackFile(cluster: string, change: (text: string) => string): void {
    const path = join(many.project, `Pulumi.${cluster}-failover.yaml`);
    writeFileSync(path, change(readFileSync(path, "utf8")));
  }

  /** Runs the command in a process group of its own, as a terminal does. @param seen is told of each line of standard error */
  async function run(args: string[], seen: (line: string, interrupt: () => void) => void = () => undefined) {
    const { argv, cwd, env } = clustersCommand(lab.place, engine, many, args);
    const [program = "", ...rest] = argv;
    const child = spawn(program, rest, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const said = { stdout: "", stderr: "" };
    child.stdout.on("data", (data) => {
      said.stdout += data;
    });
    let begun = "";
    child.stderr.on("data", (data) => {
      said.stderr += data;
      const lines = (begun + data).split("\n");
      begun = lines.pop() ?? "";
      for (const line of lines) seen(line, () => process.kill(-(child.pid ?? 0), "SIGINT"));
    });
    const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { status, ...said };
  }
  const outcomes = (text: string) =>
    Object.fromEntries((JSON.parse(text) as ClustersReport).clusters.map((c) => [c.cluster, c.outcome]));
  const reasons = (text: string, cluster: string) =>
    (JSON.parse(text) as ClustersReport).clusters.find((c) => c.cluster === cluster)?.words.join("\n") ?? "";
  const locks = () => {
    const path = join(many.backend, ".pulumi/locks");
    return existsSync(path)
      ? readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"))
      : [];
  };

  it("preview goes on after a cluster that guards stop, names it, and writes the words that are missing", async () => {
    const { status, stdout, stderr } = await run(["preview", "--lost", "a", "--json", "--write", words]);
    assert.equal(status, 1, stderr);
    assert.deepEqual(outcomes(stdout), {
      ...{ c01: "waits", c02: "stopped", c03: "waits" },
      ...{ c04: "not hit", c05: "not needed" },
    });
    assert.match(reasons(stdout, "c05"), /^2 of 3 voters survive, a majority is 2: etcd keeps its quorum without a/);
    assert.match(reasons(stdout, "c02"), /^source: /);
    const text = readFileSync(words, "utf8");
    assert.match(text, /^ {2}# c02: stopped by source$/m);
    assert.match(text, /^ {2}c01:\n {4}epoch: 2\n {4}confirm: "a@2:[0-9a-f]{32}"\n {4}# .*\n {4}# attest: /m);
  });

  it("failover runs the clusters that have words, each as far as its own guards let it", async () => {
    const text = readFileSync(words, "utf8");
    // the attestation of the first cluster alone
    writeFileSync(words, text.replace("# attest:", "attest:"));
    const { status, stdout, stderr } = await run(["failover", "--words", words, "--html", `${words}.html`]);
    assert.equal(status, 1, stderr);
    assert.match(
      stdout,
      /^# Loss of datacenter a: 1 of 3 clusters serve again; refused, nothing was changed: c03; not begun: c02$/m,
    );
    assert.match(stdout, /^\| c03 \| refused \|.*attestation: rke-dr:attest: must be "powered-off@a@2"/m);
    assert.match(stdout, /^\| c01 \| finished \| \d+\.\d s \|.*\| 14 of 14 \|/m);
    assert.match(stderr, /c01: the API takes writes/);
    assert.match(stdout, /^- c05: not needed; 2 of 3 voters survive.*\n- c04: not hit; it has no host in a$/m);
    assert.match(readFileSync(`${words}.html`, "utf8"), /<h1>Loss of datacenter a: 1 of 3 clusters serve again<\/h1>/);
  });

  it("the word of one cluster in another's stack is refused by that cluster's own guard", async () => {
    const [, own = ""] =
      /c01:\n {4}epoch: 2\n {4}confirm: "a@2:([0-9a-f]{32})"/.exec(readFileSync(words, "utf8")) ?? [];
    const before = readFileSync(join(many.project, "Pulumi.c03-failover.yaml"), "utf8");
    const others = `  rke-dr:confirm: a@2:${own}\n  rke-dr:attest: powered-off@a@2:${own}\n`;
    stackFile("c03", (text) =>
      text.replace(/^ {2}rke-dr:confirm:.*\n/m, "").replace(/^config:\n/m, `config:\n${others}`),
    );
    const { status, stdout, stderr } = await run(["failover", "--lost", "a", "--only", "c03", "--json"]);
    assert.equal(status, 1, stderr);
    assert.equal(outcomes(stdout).c03, "refused");
    assert.match(
      reasons(stdout, "c03"),
      /^confirmation: rke-dr:confirm: must be the hash of the act that would run, /m,
    );
    assert.match(
      reasons(stdout, "c03"),
      /^attestation: rke-dr:attest: the word must be bound to the act that would run, /m,
    );
    stackFile("c03", () => before);
  });

  it("Ctrl-C ends what runs after its steps, begins nothing more, and the same command goes on with it", async () => {
    // c01 again, from the beginning, and c03 behind it
    rmSync(join(many.backend, ".pulumi/stacks/rke-dr"), { recursive: true, force: true });
    writeFileSync(words, attested(readFileSync(words, "utf8")));
    const args = ["failover", "--words", words, "--at-once", "1", "--json", "--steps"];
    let asked = false;
    const cut = await run(args, (line, interrupt) => {
      // of the two steps beside each other one has begun
      if (!asked && /c01: etcd-member-b1: begins$/.test(line)) {
        asked = true;
        interrupt();
      }
    });
    assert.equal(cut.status, 130, cut.stderr);
    assert.deepEqual([outcomes(cut.stdout).c01, outcomes(cut.stdout).c03], ["cancelled", "not begun"]);
    // a step that has begun has ended: neither it nor Pulumi was killed
    assert.match(cut.stderr, /c01: etcd-member-b1: ended after/);
    assert.doesNotMatch(cut.stderr, /c01: first-write-b1: begins/);
    await until("locks: none is left", 30, async () => locks().length === 0);

    const again = await run(args);
    assert.equal(again.status, 0, again.stderr);
    assert.deepEqual([outcomes(again.stdout).c01, outcomes(again.stdout).c03], ["finished", "finished"]);
  });
});
