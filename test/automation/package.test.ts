import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { ownProject } from "./own-project";

const root = join(__dirname, "../..");

describe("the packed package, in an empty folder", function () {
  this.timeout(300_000);
  let folder = "";
  let names: string[] = [];
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "rke-dr-own-"));
    names = ownProject(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const run = (program: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: "utf8" });
    return { status, stdout, stderr };
  };
  const rkeDr = (...args: string[]) => run(join(folder, "node_modules/.bin/rke-dr"), ...args);

  it("has the program and its types, and nothing of the laboratory", () => {
    for (const name of ["start.js", "on-host/lib/step.sh", "cli/watch-page.js", "types/automation/failover.d.ts"]) {
      assert.ok(names.includes(name), name);
    }
    assert.deepEqual(
      names.filter((name) => /^(lab|drill|bench|stand-ins|test|findings)\b/.test(name)),
      [],
    );
    assert.equal(existsSync(join(root, "types")), false, "the types are made for packing alone");
  });

  it("npx rke-dr names its commands, and refuses others", () => {
    const help = rkeDr("--help");
    assert.deepEqual([help.status, help.stderr], [0, ""]);
    for (const command of ["preview", "failover", "clusters", "report", "watch", "render", "import"]) {
      assert.match(help.stdout, new RegExp(`^  ${command}$`, "m"));
      const own = rkeDr(command, "--help");
      assert.deepEqual([own.status, own.stderr], [0, ""], command);
      assert.match(own.stdout, /usage/, command);
    }
    const refused = rkeDr("fail-over");
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /^command: must be one of preview, failover, .*: "fail-over"\n$/);
  });

  it("npx rke-dr render writes rendered/ of the own topology, and finds it up to date", () => {
    const written = rkeDr("render");
    assert.equal(written.status, 0, written.stderr);
    assert.match(readFileSync(join(folder, "rendered/README.md"), "utf8"), /master3/);
    assert.equal(rkeDr("render", "--check").status, 0);
    assert.equal(existsSync(join(folder, "node_modules/rke-dr/rendered")), false);
  });

  it("import { failover } has its types", () => {
    const file = join(folder, "own.mts");
    cpSync(join(__dirname, "own-program.txt"), file);
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const flags = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022"];
    const checked = run(process.execPath, tsc, ...flags, "--typeRoots", join(root, "node_modules/@types"), file);
    assert.deepEqual([checked.stdout, checked.status], ["", 0]);
  });

  it("import { failover } refuses a folder without a project", () => {
    const script = `import { failover } from "rke-dr"; failover({ project: "nowhere" }).catch((e) => console.log(e.message))`;
    const { stdout, stderr } = run(process.execPath, "--input-type=module", "-e", script);
    assert.equal(stderr, "");
    assert.match(stdout, /^project: must be a folder with a Pulumi\.yaml: .*\/nowhere\n$/);
  });

  it("a topology that only the stack's own file has is taken by the call and by the commands", () => {
    const project = join(folder, "own-topology");
    mkdirSync(project);
    const declared = parse(readFileSync(join(folder, "Pulumi.yaml"), "utf8"));
    const { "rke-dr:topology": topology, ...config } = declared.config;
    writeFileSync(join(project, "Pulumi.yaml"), stringify({ ...declared, config }));
    const own = { "rke-dr:topology": topology.value ?? topology };
    writeFileSync(join(project, "Pulumi.failover.yaml"), stringify({ config: own }));
    writeFileSync(join(project, "Pulumi.primary.yaml"), stringify({ config: own }));
    const rkeDrThere = (...args: string[]) =>
      spawnSync(join(folder, "node_modules/.bin/rke-dr"), args, { cwd: project, encoding: "utf8" });
    const planned = rkeDrThere("plan", "--unseen", "--lost", "a", "--epoch", "2");
    assert.deepEqual([planned.status, planned.stderr], [0, ""]);
    // it gets as far as the hosts' key
    assert.match(rkeDrThere("ready", "--fence-test").stderr, /^--fence-test: topology\.fenceTest has no command/);
    // and the call as far as Pulumi
    const script = `import { failover } from "rke-dr"; failover({ project: ${JSON.stringify(project)} }).then(() => {}, (e) => console.log(e.message))`;
    const called = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, PULUMI_BACKEND_URL: `file://${project}`, PULUMI_CONFIG_PASSPHRASE: "" },
    });
    assert.doesNotMatch(called.stdout + called.stderr, /topology/);
  });

  it("an epoch that is no number is refused before anything is opened", () => {
    const { status, stdout, stderr } = rkeDr("preview", "--epoch", "two");
    assert.deepEqual([status, stdout, stderr], [1, "", '--epoch: must be a whole number from 1: "two"\n']);
  });
});
