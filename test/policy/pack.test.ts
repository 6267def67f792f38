import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { stringify } from "yaml";
import type { Declared, ReportedByHosts } from "../../plan/review/declared";
import { buildPlugins } from "../../stand-ins/pulumi/build";
import { raw, seedHosts } from "../plan/worlds/topologies";

const root = join(__dirname, "../..");
const pack = join(root, "policy");

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};
const onPath = (name: string): string | undefined =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);

const { LAB_TEST_ENGINE } = process.env;
const engine = LAB_TEST_ENGINE && isExecutable(LAB_TEST_ENGINE) ? LAB_TEST_ENGINE : onPath("pulumi");

/** A program whose one command waits for what the pack judges, as every step does. */
const program = `
require(${JSON.stringify(require.resolve("tsx/cjs"))});
const { readFileSync } = require("node:fs");
const { local } = require("@pulumi/command");
const { Declared } = require(${JSON.stringify(join(root, "components/declared.ts"))});
const { role, topology, ...reported } = JSON.parse(readFileSync("declared.json", "utf8"));
const declared = new Declared({ role, topology }, reported);
new local.Command("step", { create: "touch ran" }, { dependsOn: declared });
`;

const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();
type Kept = Declared & ReportedByHosts;
const fine: Kept = {
  role: "primary",
  topology: raw(seedHosts, { targets: { rpoSeconds: 5 } }),
  built: true,
  versions: { master1: { etcd: "3.4.15", docker: "20.10.5" } },
  rehearsal: { startedAt: daysAgo(29), verified: true },
};
const nothingMayBeLost = { targets: { rpoSeconds: 0 } };
const badEtcd = { rke: { system_images: { etcd: "rancher/mirrored-coreos-etcd:v3.5.1" } } };
const accepted = { accept: [{ finding: "rpo-a", reason: "until the third site is there" }] };

const hosts = [
  { name: "the stand-in for Pulumi's language host", folder: undefined, absent: "" },
  {
    name: "Pulumi's own language host",
    folder: dirname(onPath("pulumi-language-nodejs") ?? ""),
    absent: onPath("pulumi-language-nodejs") ? "" : "no pulumi-language-nodejs on PATH",
  },
];

for (const { name, folder: official, absent } of hosts)
  describe(`the policy pack, run by Pulumi's engine and ${name}`, function () {
    this.timeout(300_000);
    let work = "";
    let path = "";

    before(async function () {
      const reason = absent || (engine ? "" : "no Pulumi engine: neither LAB_TEST_ENGINE nor `pulumi` on PATH");
      if (reason) {
        console.log(`      skipped: ${reason}`);
        this.skip();
      }
      work = mkdtempSync(join(tmpdir(), "rke-dr-policy-"));
      const { dir } = await buildPlugins(join(work, "plugins"));
      path = [...(official ? [official] : []), dir, process.env.PATH].join(delimiter);
      writeFileSync(join(work, "Pulumi.yaml"), stringify({ name: "declares", runtime: "nodejs", main: "index.js" }));
      writeFileSync(join(work, "package.json"), JSON.stringify({ name: "declares", main: "index.js" }));
      writeFileSync(
        join(work, "index.js"),
        `module.paths.unshift(${JSON.stringify(join(root, "node_modules"))});${program}`,
      );
      mkdirSync(join(work, "state"));
      pulumi("stack", "init", "test");
    });
    after(() => {
      if (work) rmSync(work, { recursive: true, force: true });
    });

    const pulumi = (...args: string[]) => {
      const env = {
        ...process.env,
        PATH: path,
        NODE_PATH: join(root, "node_modules"),
        PULUMI_HOME: join(work, "home"),
        PULUMI_BACKEND_URL: `file://${join(work, "state")}`,
        PULUMI_CONFIG_PASSPHRASE: "policy",
        PULUMI_SKIP_UPDATE_CHECK: "true",
      };
      const command = ["--non-interactive", "--color=never", "-C", work, ...args];
      const { status, stdout, stderr } = spawnSync(engine as string, command, { env, encoding: "utf8" });
      return { status, said: `${stdout}${stderr}` };
    };
    const judged = (verb: string[], declared: Kept, ...config: string[]) => {
      writeFileSync(join(work, "declared.json"), JSON.stringify(declared));
      return pulumi(...verb, "--stack", "test", "--policy-pack", pack, ...config);
    };
    const preview = (declared: Kept, ...config: string[]) => judged(["preview"], declared, ...config);

    const cases: [what: string, declared: Kept, passes: boolean, words: RegExp][] = [
      ["passes what costs no more than declared", fine, true, /rke-dr@v0\.1\.0/],
      [
        "refuses a topology that loses more than it declares",
        { ...fine, topology: raw(seedHosts, nothingMayBeLost) },
        false,
        /\[mandatory\].*data-loss.*\n\s*rpo-a: without a may be lost, against a target of 0 s/,
      ],
      [
        "passes a finding that the topology accepts",
        { ...fine, topology: raw(seedHosts, { ...nothingMayBeLost, ...accepted }) },
        true,
        /rke-dr@v0\.1\.0/,
      ],
      [
        "refuses an accepted finding that the topology hasn't",
        { ...fine, topology: raw(seedHosts, accepted) },
        false,
        /\[mandatory\].*acceptances.*\n\s*topology\.accept\[0\]\.finding: is not a finding of this topology/,
      ],
      [
        "warns of a version that a host runs and that loses data",
        { ...fine, versions: { master1: { etcd: "3.5.1" } } },
        true,
        /\[advisory\].*running-versions.*\n\s*version-etcd: etcd 3\.5\.1 may have members that differ/,
      ],
      [
        "refuses a version that the topology declares and that loses data",
        { ...fine, topology: raw(seedHosts, { ...badEtcd }) },
        false,
        /\[mandatory\].*known-bad-versions.*\n\s*version-etcd: etcd 3\.5\.1 may have members that differ/,
      ],
      [
        "warns of a rehearsal of 31 days ago",
        { ...fine, rehearsal: { startedAt: daysAgo(31), verified: true } },
        true,
        /\[advisory\].*rehearsal.*\n\s*rehearsal: the last rehearsal was 31 days ago, at most 30 are wanted/,
      ],
      [
        "refuses nothing in a failover, and says all",
        { ...fine, role: "failover", topology: raw(seedHosts, nothingMayBeLost) },
        true,
        /\[advisory\].*data-loss.*\n\s*rpo-a: without a may be lost/,
      ],
    ];
    for (const [what, declared, passes, words] of cases) {
      it(what, () => {
        const { status, said } = preview(declared);
        assert.match(said, words);
        assert.equal(status === 0, passes, said);
      });
    }

    it("takes level and days of the rule of rehearsals from the organisation's file", () => {
      const config = join(work, "policy-config.json");
      writeFileSync(config, JSON.stringify({ rehearsal: { enforcementLevel: "mandatory", days: 10 } }));
      const late = { ...fine, rehearsal: { startedAt: daysAgo(11), verified: true } };
      const refused = preview(late, "--policy-pack-config", config);
      assert.match(
        refused.said,
        /\[mandatory\].*rehearsal.*\n.*the last rehearsal was 11 days ago, at most 10 are wanted/,
      );
      assert.notEqual(refused.status, 0);
      assert.equal(preview(late).status, 0);
    });

    it("up that shows no preview is refused, too, before a step runs", () => {
      const up = ["up", "--yes", "--skip-preview"];
      const refused = judged(up, { ...fine, topology: raw(seedHosts, nothingMayBeLost) });
      assert.match(refused.said, /rpo-a: without a may be lost/);
      assert.notEqual(refused.status, 0);
      assert.equal(existsSync(join(work, "ran")), false, "the step ran");
      const done = judged(up, fine);
      assert.equal(done.status, 0, done.said);
      assert.ok(existsSync(join(work, "ran")));
    });

    it("judges a state file, without a stack", () => {
      const file = join(work, "state.json");
      assert.equal(pulumi("stack", "export", "--stack", "test", "--file", file).status, 0);
      const analyze = () => pulumi("policy", "analyze", "--file", file, "--policy-pack", pack);
      const passed = analyze();
      assert.equal(passed.status, 0, passed.said);
      assert.doesNotMatch(passed.said, /\[(mandatory|advisory)\]/);
      const change = (from: string, to: string) => writeFileSync(file, readFileSync(file, "utf8").replaceAll(from, to));
      change('"3.4.15"', '"3.5.1"');
      assert.match(analyze().said, /\[advisory\].*running-versions.*\n\s*version-etcd: etcd 3\.5\.1/);
      change('"rpoSeconds": 5', '"rpoSeconds": 0');
      const refused = analyze();
      assert.match(refused.said, /\[mandatory\].*data-loss.*\n\s*rpo-a: without a may be lost/);
      assert.notEqual(refused.status, 0);
    });
  });
