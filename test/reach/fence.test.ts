import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../lab/machine/run";
import { runFences } from "../../reach/fence";

describe("fence commands on the operator's machine", () => {
  const folder = mkdtempSync(join(tmpdir(), "rke-dr-fence-"));
  after(() => rmSync(folder, { recursive: true }));
  const run = async (command: string, limit = 20) => (await runFences([{ host: "master1", command }], limit))[0];

  for (const [command, exit] of [
    ["true", 0],
    ["exit 3", 3],
    ["no-such-program-anywhere", 127],
    ["kill -9 $$", 128],
  ] as const) {
    it(`\`${command}\` ends with ${exit}`, async () => {
      assert.equal((await run(command))?.exit, exit);
    });
  }

  it("one that hangs is ended, with all that it started", async () => {
    const mark = `31.${process.pid}`;
    const started = () =>
      readdirSync("/proc").some((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(`sleep\0${mark}`);
        } catch {
          return false; // no process, or it has ended since
        }
      });
    // of a busy machine: begun at all, before its limit
    const begun = `${folder}/begun`;
    const running = run(`sleep ${mark} & touch ${begun}; sleep ${mark}`, 2);
    assert.equal((await running)?.exit, "time limit");
    assert.ok(existsSync(begun));
    await until("the end of what the command started", 30, async () => !started());
  });

  it("all run at once", async () => {
    const both = await runFences(
      ["a", "b"].map((host) => ({
        host,
        command: `touch ${folder}/${host}; until [ -e ${folder}/a ] && [ -e ${folder}/b ]; do sleep 0.05; done`,
      })),
      20,
    );
    assert.deepEqual(
      both.map((f) => f.exit),
      [0, 0],
    );
  });
});
