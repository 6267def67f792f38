import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(__dirname, "../..");

describe("every command says how it is called", function () {
  this.timeout(120_000);
  for (const command of [
    "import",
    "render",
    "policy",
    "plan",
    "ready",
    "report",
    "watch",
    "rehearse",
    "lost",
    "lab",
    "drill",
    "bench",
  ]) {
    it(`npm run ${command} -- --help`, () => {
      const { status, stdout, stderr } = spawnSync("npm", ["run", "-s", command, "--", "--help"], {
        cwd: root,
        encoding: "utf8",
      });
      assert.deepEqual([status, stderr], [0, ""]);
      assert.match(stdout, new RegExp(`npm run (-s )?${command}`));
    });
  }
});
