import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import type { Preview } from "../../automation/act";
import type { ActReport } from "../../evidence/act-report";
import type { Workspace } from "../../lab/operator/project";
import { ownProject } from "../automation/own-project";
import { onRequest } from "./on-request";
import { World } from "./world";

onRequest("packed", "a failover by the packed package, from a project of one's own", function () {
  this.timeout(480_000);
  const world = new World();
  const own = join(world.lab.place.dir, "../own");
  /** Of which the packed program uses the backend alone. */
  let clone: Workspace;
  let hash = "";

  before(async function () {
    this.timeout(1_800_000);
    await world.build();
    await world.wrote("written-before");
    mkdirSync(own, { recursive: true });
    ownProject(own);
    const { project } = await world.lab.project();
    // with the hosts' keys and the operator's, as this lab has them
    const { value } = parse(readFileSync(join(project, "Pulumi.yaml"), "utf8")).config.topology;
    const declared = parse(readFileSync(join(own, "Pulumi.yaml"), "utf8"));
    writeFileSync(join(own, "Pulumi.yaml"), stringify({ ...declared, config: { "rke-dr:topology": { value } } }));
    clone = await world.lab.newClone("packed");
    await world.lab.powerOff("a");
  });
  after(async () => {
    await world.lab.down();
    rmSync(dirname(own), { recursive: true, force: true });
  });

  /** `npx rke-dr`, as the operator, in a project whose only other file is its topology. */
  async function rkeDr<Answer>(...args: string[]) {
    const { env } = await world.lab.pulumiCommand([], clone);
    const { pulumi } = await world.lab.engine();
    const { code, stdout, stderr } = await world.lab.inOperator(
      [join(own, "node_modules/.bin/rke-dr"), ...args, "--json"],
      { cwd: own, env: { ...env, PATH: `${dirname(pulumi)}:${env.PATH}` } },
    );
    return { code, stderr, answer: code === 0 ? (JSON.parse(stdout) as Answer) : undefined };
  }

  it("is previewed: what would run, what stops it, and the hash that pins it", async () => {
    const { code, stderr, answer } = await rkeDr<Preview>("preview");
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      answer?.stops.map((stop) => stop.replace(/: .*/s, "")),
      ["confirmation", "attestation"],
    );
    assert.ok(answer?.steps.includes("first-write-master3"), answer?.steps.join(" "));
    hash = answer?.hash ?? "";
    assert.match(hash, /^[0-9a-f]{32}$/);
  });

  it("is refused without the operator's word, and nothing is changed", async () => {
    const before = await world.traces("master3");
    const { code, stderr } = await rkeDr("failover");
    assert.equal(code, 1);
    assert.match(stderr, /rke-dr:confirm[\s\S]*Nothing was changed\.\n$/);
    assert.equal(await world.traces("master3"), before);
  });

  it("is done by that word, keeps what was written, and is reported", async () => {
    const words = ["--confirm", `a@2:${hash}`, "--attest", "powered-off@a@2"];
    const { code, stderr, answer } = await rkeDr<ActReport>("failover", ...words);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^ +[\d.]+ s {2}first-write\S*: \w+ after [\d.]+ s$/m);
    assert.deepEqual([answer?.epoch, answer?.method, answer?.signed?.pinned], [2, "forceNewCluster", true]);
    await world.kept("written-before");
    await world.wrote("written-after");
    const later = await rkeDr<ActReport>("report");
    assert.deepEqual(later.answer?.steps, answer?.steps, later.stderr);
  });

  it("is over: the same command runs no step again", async () => {
    const before = await world.traces("master3");
    const { code, stderr } = await rkeDr("failover");
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /: begins/);
    assert.equal(await world.traces("master3"), before);
    await world.kept("written-after");
  });
});
