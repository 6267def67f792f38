import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toFloor } from "../../drill/floor";
import type { DrillReport } from "../../drill/report";
import { run } from "../../lab/machine/run";
import { noLab } from "./world";

const suite = noLab === "" ? describe : describe.skip;
const root = join(__dirname, "../..");

/**
 * 1.7 by force was measured on a quiet machine of two cores, with a floor of 2.8 s, in which as in the recovery etcd
 * is told to elect itself; the rest is room for a busy machine.
 */
const mostFloors = 4;

suite(`npm run drill${noLab && ` (skipped: ${noLab})`}`, () => {
  /** `git status` of the checkout, which may have changes of its own before the drill. */
  const changes = async () => (await run(["git", "-C", root, "status", "--porcelain"])).stdout.split("\n");
  let earlier: string[];
  before(async () => {
    earlier = await changes();
  });

  it("`--json` prints the report and nothing else, and the report says verified", async function () {
    this.timeout(2_400_000); // the first time, everything is built
    const result = await run(["npm", "run", "-s", "drill", "--", "--json"], {
      cwd: root,
      env: { ...process.env, LAB_DIR: join(mkdtempSync(join(tmpdir(), "rke-dr-drill-")), "lab") },
      onLine: (line, stream) => {
        if (stream === "stderr") console.log(`      ${line}`);
      },
    });
    assert.equal(result.code, 0, result.stderr);
    const report = JSON.parse(result.stdout) as DrillReport;
    assert.ok(report.verified);
    assert.deepEqual(
      report.checks.filter((c) => !c.ok),
      [],
    );
    assert.ok(report.rtoSeconds !== undefined && report.rtoSeconds > 0);
    assert.ok(report.writes.acknowledged > 30);
    assert.ok(!Number.isNaN(Date.parse(report.dataAsOf ?? "")));
    assert.ok(report.floorSeconds !== undefined);
    const floors = toFloor(report.failoverSteps, report.floorSeconds);
    assert.ok(floors < mostFloors, `the recovery took ${floors.toFixed(1)} times what can't be avoided`);
    assert.ok(report.standIns.length > 0, "the kubelet at least is a stand-in, and must be named");
  });

  it("a drill leaves no file in the checkout", async () => {
    const since = (await changes()).filter((line) => !earlier.includes(line));
    // somebody may be at work in it: only what a drill would write is looked for
    assert.doesNotMatch(since.join("\n"), /report\.|\.jsonl|Pulumi\.(bad|lab)/);
  });
});
