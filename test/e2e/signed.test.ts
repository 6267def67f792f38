import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Workspace } from "../../lab/operator/project";
import { parseSamples } from "../../plan/review/ready";
import { onRequest } from "./on-request";
import { World } from "./world";

onRequest("signed", "a failover that was signed in peace", function () {
  this.timeout(600_000);
  const world = new World();
  let clone: Workspace;
  let hash: string;

  before(async function () {
    this.timeout(1_800_000);
    await world.build();
    clone = await world.confirmed("signed");
  });
  after(() => world.lab.down());

  const plan = (...args: string[]) =>
    world.lab.inOperator([process.execPath, "--import", "tsx", "cli/plan.ts", ...args], { cwd: clone.project });
  const traces = () => Promise.all(["master3", "node2"].map((host) => world.traces(host)));

  /** `up` is refused with these words, and the survivors are as they were. */
  async function refused(...words: RegExp[]): Promise<void> {
    const before = await traces();
    const { code, all } = await world.failover(clone);
    assert.notEqual(code, 0);
    for (const word of words) assert.match(all, word);
    assert.deepEqual(await traces(), before);
  }

  it("has in peace the hash that npm run plan gives, which keeps its text", async () => {
    hash = await world.pin(clone);
    const { code, stdout, stderr } = await plan("--write");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^wrote signed\/lab\/a@2\.txt: read it, and commit it\n/);
    assert.match(stdout, new RegExp(`^Hash: ${hash}$`, "m"));
  });

  it("is what npm run ready and the deploy hosts' loop speak of: ready but for the rehearsal that there never was", async () => {
    const { code, stdout } = await world.lab.inOperator([process.execPath, "--import", "tsx", "cli/ready.ts"], {
      cwd: clone.project,
    });
    assert.equal(code, 1, stdout);
    assert.match(
      stdout,
      /^b \(standby\), by master3: NOT READY; a failover now would lose at most \d+ s; .*\n {2}there was no rehearsal yet: `npm run rehearse`$/m,
    );
    assert.equal(stdout.trim().split("\n").length, 4, stdout);
    const written = parseSamples(await world.on("master3", "cat /var/lib/rke-dr-metrics/rke-dr.prom"));
    const value = (metric: string) => written.find((s) => s.metric === metric)?.value;
    assert.deepEqual([value("member_runs"), value("snapshot_sound"), value("installer_present")], [1, 1, 1]);
    assert.equal(written.filter((s) => s.metric === "deploy_file_same" && s.value === 1).length, 3);
  });

  it("has a text without the hosts' facts that has another hash", async () => {
    const { stdout } = await plan("--unseen");
    assert.match(stdout, /^Hash, of the topology alone: [0-9a-f]{32}$/m);
  });

  it("can't be held to a plan that Pulumi itself has saved in peace", async () => {
    const file = join(clone.backend, "plan.json");
    const saved = await world.pulumi(clone, "preview", "--stack", "failover", "--save-plan", file);
    assert.equal(saved.code, 0, saved.all);
    assert.ok(existsSync(file));
    await world.lab.powerOff("a");
    const before = await traces();
    const { code, all } = await world.pulumi(
      clone,
      ...["up", "--yes", "--skip-preview", "--stack", "failover", "--plan", file],
    );
    assert.notEqual(code, 0);
    assert.match(all, /violates plan: properties changed: \+\+create\[/);
    assert.deepEqual(await traces(), before);
  });

  it("is refused as another act, and each line that differs is named", async () => {
    const topology = readFileSync(join(clone.project, "Pulumi.yaml"), "utf8");
    world.edit(clone, "Pulumi.yaml", (text) =>
      text.replace("      standby: b", "      fence: { master1: 'true' }\n      standby: b"),
    );
    await refused(
      new RegExp(`rke-dr:confirm: must be the hash of the act that would run, [0-9a-f]{32}: ${hash}`),
      /fence commands, on the operator's machine: \+ master1: true/,
    );
    world.edit(clone, "Pulumi.yaml", () => topology);
  });

  it("waits for the words of two persons if the topology asks for them", async () => {
    world.edit(clone, "Pulumi.yaml", (text) =>
      text.replace("      standby: b", "      attest: { by: 2 }\n      standby: b"),
    );
    await refused(/rke-dr:attest: 2 persons must attest "powered-off@a@2:[0-9a-f]{32}", each under a name/);
    await world.pulumi(clone, "config", "rm", "attest", "--stack", "failover");
    const attest = (name: string, word: string) =>
      world.pulumi(clone, "config", "set", "--path", `attest.${name}`, word, "--stack", "failover");
    await attest("kim", `powered-off@a@2:${hash}`);
    await refused(/each under a name: kim says/);
    await attest("lee", `powered-off@a@2:${"0".repeat(32)}`);
    await refused(/rke-dr:attest: the word of lee must be bound to the act that would run/);
    await attest("lee", `powered-off@a@2:${hash}`);
  });

  it("runs after the loss, and its report says that it was pinned, and by whom it was attested", async () => {
    const { code, all } = await world.failover(clone);
    assert.equal(code, 0, all);
    const { stdout } = await world.report(clone);
    assert.match(stdout, new RegExp(`^- act: ${hash}, pinned by the confirmation$`, "m"));
    assert.match(stdout, /the attestation of kim, lee: powered-off@a@2/);
    const again = await world.upAgain(clone);
    assert.equal(again.code, 0, again.all);
  });
});
