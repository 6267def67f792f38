import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownMark } from "../../lab/machine/processes";

describe("a drill", () => {
  it("is refused while another one runs in the same folder, before it takes the other's lab down", function () {
    this.timeout(60_000);
    const folder = mkdtempSync(join(tmpdir(), "rke-dr-two-drills-"));
    try {
      mkdirSync(join(folder, "lab.drill"));
      writeFileSync(join(folder, "lab.drill/lock"), JSON.stringify(ownMark()));
      const { status, stderr } = spawnSync(process.execPath, ["--import", "tsx", "drill/cli.ts"], {
        encoding: "utf8",
        env: { ...process.env, LAB_DIR: join(folder, "lab") },
      });
      assert.equal(status, 1, stderr);
      assert.match(
        stderr,
        new RegExp(`the drill in ${folder}/lab is held by process ${process.pid}: wait until it ends`),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
