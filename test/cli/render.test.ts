import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { renderCommand } from "../../cli/render";
import { raw, seedHosts } from "../plan/worlds/topologies";
import { rkePlan } from "../rke-golden";

const root = join(__dirname, "../..");
const render = (...args: string[]) => renderCommand(args);
const golden = (name: string): unknown => JSON.parse(rkePlan(name));

describe("npm run render", function () {
  this.timeout(60_000);
  let folder: string;
  let topology: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "rke-dr-render-"));
    topology = join(folder, "topology.yaml");
    writeFileSync(topology, stringify({ topology: raw(seedHosts) }));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("-- --check: rendered/ is what Pulumi.yaml renders (else run `npm run render` and review the diff)", () => {
    const { status, stdout, stderr } = spawnSync("npm", ["run", "-s", "render", "--", "--check"], {
      cwd: root,
      encoding: "utf8",
    });
    assert.equal(status, 0, `${stdout}${stderr}`);
  });

  it("-- --picture: the topology in peace, as a Mermaid diagram alone", () => {
    const { status, stdout } = render("--topology", topology, "--picture");
    assert.equal(status, 0);
    assert.match(stdout, /^flowchart LR\n(.*\n)*.*host_master1/);
    assert.equal(render("--picture", "--check").status, 2);
  });

  it("writes, agrees with itself, shows a diff when stale, and removes what is rendered no more", () => {
    const out = join(folder, "rendered");
    const here = ["--topology", topology, "--out", out];
    assert.equal(render(...here).status, 0);
    assert.equal(render(...here, "--check").status, 0);
    const file = join(out, "primary/hosts/master3.txt");
    writeFileSync(file, readFileSync(file, "utf8").replace("--election-timeout=5000", "--election-timeout=1"));
    writeFileSync(join(out, "primary/hosts/gone.txt"), "gone\n");
    const stale = render(...here, "--check");
    assert.equal(stale.status, 1);
    assert.match(stale.stdout, /^- {2}--election-timeout=1\n\+ {2}--election-timeout=5000$/m);
    assert.match(stale.stdout, /^-gone$/m);
    assert.match(render(...here).stdout, /wrote primary\/hosts\/master3\.txt\nremoved primary\/hosts\/gone\.txt/);
    assert.equal(render(...here, "--check").status, 0);
  });

  it("doesn't touch a folder that it didn't write", () => {
    const out = mkdtempSync(join(folder, "foreign-"));
    writeFileSync(join(out, "mine.txt"), "mine");
    const { status, stderr } = render("--topology", topology, "--out", out);
    assert.equal(status, 2);
    assert.match(stderr, /is not empty/);
    assert.deepEqual(readdirSync(out), ["mine.txt"]);
  });

  for (const [what, args] of [
    ["the datacenter named", ["--lost", "a"]],
    ["the only one besides the standby", []],
  ] as const) {
    it(`--json prints a failover in the shape of RKE's plans: ${what}`, () => {
      const { stdout } = render("--topology", topology, "--stack", "failover", ...args, "--json");
      const printed = JSON.parse(stdout);
      assert.deepEqual(printed.processes, golden("force-new-cluster.failover.yml.plan.json"));
      assert.deepEqual(printed.certificates, golden("force-new-cluster.failover.yml.certs.json"));
      assert.deepEqual(Object.keys(printed.transient), ["master3/etcd"]);
      assert.equal(printed.analysis.datacenters.a.quorum, "lost");
    });
  }

  it("reads a topology from a Pulumi.yaml, under its key, or bare", () => {
    const printed = [
      { config: { topology: { value: raw(seedHosts) } } },
      { topology: raw(seedHosts) },
      raw(seedHosts),
    ].map((document, i) => {
      const path = join(folder, `form${i}.yaml`);
      writeFileSync(path, stringify(document));
      return render("--topology", path, "--stack", "primary", "--json").stdout;
    });
    assert.deepEqual(JSON.parse(printed[0] ?? "").processes, golden("force-new-cluster.primary.yml.plan.json"));
    assert.equal(new Set(printed).size, 1);
  });

  const bad = stringify({ ...raw(seedHosts), standby: "q" });
  for (const [what, args, text, pattern] of [
    ["a bad topology", [], bad, /topology\.standby: is not one of the datacenters \(known are a, b\): "q"/],
    ["no YAML", [], "a: [", /is not YAML/],
    ["an unknown datacenter", ["--stack", "failover", "--lost", "q", "--json"], undefined, /--lost: .*\(a, b\): "q"/],
    ["an unknown stack", ["--stack", "peace", "--json"], undefined, /--stack: .*: "peace"/],
    ["half an option", ["--stack", "primary"], undefined, /--json and --stack go together/],
  ] as const) {
    it(`names ${what} and exits 2`, () => {
      const path = join(folder, "case.yaml");
      writeFileSync(path, text ?? stringify(raw(seedHosts)));
      const { status, stderr } = render("--topology", path, "--out", join(folder, "none"), ...args);
      assert.equal(status, 2);
      assert.match(stderr, pattern);
    });
  }
});
