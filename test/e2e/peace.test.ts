import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "../../drill/client";
import { namespace } from "../../drill/workload";
import { run, until } from "../../lab/machine/run";
import type { RehearsalReport } from "../../plan/acts/rehearsal/report";
import { noLab, World } from "./world";

const suite = noLab === "" ? describe : describe.skip;

/** The blocks of docs/snapshots.md that restore one by hand, as they stand there. */
function restoringByHand(): string {
  const text = readFileSync(join(__dirname, "../../docs/snapshots.md"), "utf8");
  const chapter = text.slice(text.indexOf("## Restoring one without this program"));
  return [...chapter.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block).join("\n");
}

suite(`snapshots and a rehearsal in peace${noLab && ` (skipped: ${noLab})`}`, function () {
  this.timeout(480_000);
  const world = new World();
  let client: Client;

  before(async function () {
    this.timeout(1_800_000);
    await world.build();
    await world.lab.kubectl(["create", "namespace", namespace]);
    const log = join(mkdtempSync(join(tmpdir(), "rke-dr-peace-")), "writes.jsonl");
    client = await Client.start(world.lab, "master3", ["https://192.168.31.103:6443"], log);
    await client.acknowledged(5, 0, 60);
  });
  after(async () => {
    await client?.stop();
    await world.lab.down();
  });

  /** The names of what a rehearsal has on its host while it runs; empty if nothing is left. */
  const traces = () =>
    world.on(
      "master3",
      `docker ps -a --format '{{.Names}}' | grep rehearsal; ls -d /var/lib/rke-dr/rehearsal; pgrep -fa '[r]ke-dr-rehearsal-watch'; pgrep -fa '[-]s -- rehearse'`,
    );
  const start = async () => {
    const command = await world.lab.rehearseCommand(["--json"]);
    const [program = "", ...args] = command.argv;
    const child = spawn(program, args, { cwd: command.cwd, env: command.env, detached: true, stdio: "ignore" });
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    await until("the scratch kube-apiserver", 120, async () => (await traces()).includes("rke-dr-rehearsal-api"));
    return { signal: (name: NodeJS.Signals) => process.kill(-(child.pid ?? 0), name), ended };
  };

  it("each deploy host keeps a snapshot from the other datacenter", async () => {
    for (const [keeper, giver] of [
      ["master3", "master1"],
      ["master1", "master3"],
    ] as const) {
      assert.match(
        await world.on(keeper, "cat /var/lib/rke-dr/snapshots/*.json"),
        new RegExp(`^{"takenAt":\\d+,"host":"${giver}","cluster":"lab","revision":\\d+`),
      );
    }
  });

  it("preview reports a snapshot that failed on a full disk, and the next snapshot succeeds", async () => {
    const taken = "sed 's/ *$//' /var/lib/rke-dr/snapshots/status";
    await world.lab.fillDisk("master3");
    await world.on("master3", "touch /etc/rke-dr/snapshots/now");
    await until("the failure", 90, async () => (await world.on("master3", taken)).includes('"ok":false'));
    const preview = await world.pulumi(await world.lab.project(), "preview", "--stack", "primary");
    await world.lab.heal();
    assert.match(preview.all, /note +master3: the last snapshot failed .* ago: disk: \d+ bytes are free/);
    await world.on("master3", "touch /etc/rke-dr/snapshots/now");
    await until("the next snapshot", 90, async () => (await world.on("master3", taken)).includes('"ok":true'));
    // an etcd that couldn't write its log ends, and docker starts it again after a while
    await until("etcd serves", 150, () => world.holds("master3", "docker exec etcd etcdctl endpoint health"));
  });

  /** Pulumi with the policy pack of the operator's own copy. */
  const judged = async (...how: string[]) =>
    world.pulumi(await world.lab.project(), ...how, "--stack", "primary", "--policy-pack", "policy");

  it("the policy pack passes the built cluster, says that a rehearsal is due, and stops up before any step if too much may be lost", async () => {
    const preview = await judged("preview");
    assert.equal(preview.code, 0, preview.all);
    assert.match(preview.all, /\[advisory\].*rehearsal[^\n]*\n[^\n]*there was no rehearsal yet/);
    assert.doesNotMatch(preview.all, /\[mandatory\]/);
    const project = await world.lab.project();
    const before = await world.traces("master3");
    const declared = readFileSync(join(project.project, "Pulumi.yaml"), "utf8");
    world.edit(project, "Pulumi.yaml", (text) =>
      text.replace(/^( +)cluster: lab$/m, "$&\n$1targets: { rpoSeconds: 0 }"),
    );
    const up = await judged("up", "--yes", "--skip-preview");
    world.edit(project, "Pulumi.yaml", () => declared);
    assert.notEqual(up.code, 0);
    assert.match(up.all, /\[mandatory\].*data-loss[^\n]*\n[^\n]*rpo-a: without a may be lost, against a target of 0 s/);
    assert.equal(await world.traces("master3"), before);
  });

  it("a rehearsal from a live snapshot finds the cluster's data, and no client's write fails", async () => {
    const before = client.history().length;
    const command = await world.lab.rehearseCommand(["--json"]);
    const result = await run(command.argv, command);
    assert.equal(result.code, 0, result.stderr);
    const report = JSON.parse(result.stdout) as RehearsalReport;
    assert.deepEqual([report.verified, report.exact, report.source], [true, true, "live"]);
    assert.ok(report.resources.some((r) => r.resource === "configmaps" && r.restored > 5 && r.live === r.restored));
    const during = client.history().slice(before);
    assert.ok(during.length > 10);
    assert.deepEqual(
      during.filter((a) => !a.acknowledged),
      [],
    );
    assert.equal(await traces(), "");
    assert.match(await world.on("master3", "cat /var/lib/rke-dr/rehearsals/*.md"), /\*\*Verified\*\*/);
    const kept = await world.on("master3", "cat /var/lib/rke-dr/rehearsals/*");
    assert.doesNotMatch(result.stdout + result.stderr + kept, /PRIVATE KEY/);
  });

  it("the policy pack knows of that rehearsal, also from a state file", async () => {
    const preview = await judged("preview");
    assert.equal(preview.code, 0, preview.all);
    assert.doesNotMatch(preview.all, /\[advisory\]|\[mandatory\]/);
    const project = await world.lab.project();
    // what hosts report isn't a change
    const up = await judged("up", "--yes", "--skip-preview", "--expect-no-changes");
    assert.equal(up.code, 0, up.all);
    const file = join(mkdtempSync(join(tmpdir(), "rke-dr-state-")), "state.json");
    const exported = await world.pulumi(project, "stack", "export", "--stack", "primary", "--file", file);
    assert.equal(exported.code, 0, exported.all);
    const analyze = () => world.pulumi(project, "policy", "analyze", "--file", file, "--policy-pack", "policy");
    const passed = await analyze();
    assert.equal(passed.code, 0, passed.all);
    assert.doesNotMatch(passed.all, /\[advisory\]|\[mandatory\]/);
    const state = readFileSync(file, "utf8");
    writeFileSync(file, state.replace(/("rehearsal": {[^}]*"startedAt": ")20\d\d/, "$12020"));
    assert.match((await analyze()).all, /\[advisory\].*rehearsal[^\n]*\n[^\n]*the last rehearsal was \d+ days ago/);
  });

  it("a rehearsal from the newest scheduled snapshot is verified and leaves nothing behind", async () => {
    const command = await world.lab.rehearseCommand(["--json", "--from", "scheduled"]);
    const result = await run(command.argv, command);
    assert.equal(result.code, 0, result.stderr);
    const report = JSON.parse(result.stdout) as RehearsalReport;
    assert.match(report.source, /^etcd-master1-/);
    assert.ok(report.verified && report.recoverySeconds > 0);
    assert.equal(await traces(), "");
  });

  for (const [what, end] of [
    ["Ctrl-C", (running: Awaited<ReturnType<typeof start>>) => running.signal("SIGINT")],
    ["kill -9 of the operator's side", (running: Awaited<ReturnType<typeof start>>) => running.signal("SIGKILL")],
    ["kill -9 of the script on the host", () => world.on("master3", "kill -9 $(pgrep -f '^bash [-]s -- rehearse')")],
  ] as const) {
    it(`a rehearsal that is ended by ${what} leaves nothing behind`, async () => {
      const running = await start();
      await end(running);
      assert.notEqual(await running.ended, 0);
      await until("nothing left", 90, async () => (await traces()) === "");
    });
  }

  it("the commands of docs/snapshots.md restore a snapshot without this program when the other datacenter is lost", async () => {
    await client.stop();
    const first = client.history().find((a) => a.acknowledged);
    await world.lab.powerOff("a");
    const result = await world.lab.execOn("master3", ["bash", "-c", `set -e\n${restoringByHand()}`]);
    assert.equal(result.code, 0, result.stdout + result.stderr);
    await until("the API", 120, async () => (await world.lab.kubectl(["get", "--raw", "/readyz"])).stdout === "ok");
    const kept = await world.lab.kubectl(["get", "configmap", "-n", namespace, `write-${first?.n}`]);
    assert.equal(kept.code, 0, kept.stderr);
    const written = await world.lab.kubectl(["create", "configmap", "after-restore"]);
    assert.equal(written.code, 0, written.stderr);
  });
});
