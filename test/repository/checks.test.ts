import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(__dirname, "../..");

describe("the source", () => {
  for (const [what, program, args] of [
    ["has no type error", "tsc", []],
    ["is formatted and lint-clean", "biome", ["check", "--error-on-warnings"]],
  ] as const) {
    it(what, function () {
      this.timeout(180_000);
      const result = spawnSync(join(root, "node_modules/.bin", program), args, { cwd: root, encoding: "utf8" });
      assert.equal(result.status, 0, `${result.stdout}\n${result.stderr}`);
    });
  }
});
