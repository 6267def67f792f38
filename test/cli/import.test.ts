import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { importCommand } from "../../cli/import";
import { parseTopology } from "../../plan/declaration/declaration";

const root = join(__dirname, "../..");
const run = (...args: string[]) => importCommand(args);
const clusterYml = join(root, "test/golden/rke-plan/force-new-cluster.primary.yml");
const sides = ["--datacenter", "a=master1,master2,node1", "--datacenter", "b=master3,node2"];

describe("npm run import", function () {
  this.timeout(60_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "rke-dr-import-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("prints a topology that is valid", () => {
    const command = ["run", "-s", "import", "--", clusterYml, ...sides, "--standby", "b"];
    const { status, stdout } = spawnSync("npm", command, { cwd: root, encoding: "utf8" });
    assert.equal(status, 0);
    assert.equal(parseTopology(parse(stdout)).standby, "b");
  });

  it("-o writes the same, and prints nothing but where", () => {
    const path = join(folder, "topology.yaml");
    const { status, stdout } = run(clusterYml, ...sides, "-o", path);
    assert.deepEqual([status, stdout], [0, ""]);
    assert.equal(readFileSync(path, "utf8"), run(clusterYml, ...sides).stdout);
  });

  it("takes what runs from the state beside cluster.yml, or from the one that --state names", () => {
    const [path, state] = [join(folder, "cluster.yml"), join(folder, "cluster.rkestate")];
    writeFileSync(path, readFileSync(clusterYml, "utf8").replace(/^kubernetes_version:.*$/m, ""));
    const version = (...more: string[]) => parseTopology(parse(run(path, ...sides, ...more).stdout)).kubernetesVersion;
    assert.equal(version(), "v1.20.5-rancher1-1");
    writeFileSync(state, JSON.stringify({ currentState: { rkeConfig: { kubernetesVersion: "v1.24.17-rancher1-1" } } }));
    assert.equal(version(), "v1.24.17-rancher1-1");
    assert.equal(version("--state", state), "v1.24.17-rancher1-1");
    writeFileSync(state, "BEGIN secret");
    const { status, stdout, stderr } = run(path, ...sides);
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, /cluster\.rkestate: (?!.*secret)/);
  });

  it("leaves a Pulumi.yaml alone", () => {
    const { status, stderr } = run(clusterYml, ...sides, "-o", join(root, "Pulumi.yaml"));
    assert.equal(status, 1);
    assert.match(stderr, /is a Pulumi project/);
  });

  for (const [what, args, pattern] of [
    ["no arguments", [], /usage: /],
    ["no such file", ["nowhere.yml", ...sides], /nowhere\.yml: can't be read \(ENOENT\)/],
    ["half a datacenter", [clusterYml, "--datacenter", "a"], /--datacenter: is not NAME=HOST,HOST: "a"/],
    ["a host in no datacenter", [clusterYml, "--datacenter", "a=master1"], /is in no datacenter: "master2"/],
  ] as const) {
    it(`${what}: says so and prints nothing`, () => {
      const { status, stdout, stderr } = run(...args);
      assert.deepEqual([status, stdout], [1, ""]);
      assert.match(stderr, pattern);
    });
  }
});
