import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const code = (name: string) => readFileSync(join(__dirname, "../../on-host", `${name}.sh`), "utf8");

describe("deleting the Nodes of the lost hosts", function () {
  // some dozens of processes, which a busy machine may keep waiting
  this.timeout(60_000);
  let state: string;
  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), "rke-dr-nodes-"));
    writeFileSync(join(state, "epoch"), "2\n");
    writeFileSync(join(state, "act"), "failover\n");
  });
  afterEach(() => rmSync(state, { recursive: true }));

  /** @param answers of the API, one after the other, the last one for good; undefined: none within curl's limit */
  function run(answers: (number | undefined)[]) {
    const cases = answers.map((status, i) => {
      const pattern = i === answers.length - 1 ? "*" : String(i + 1);
      return `${pattern}) ${status === undefined ? "echo 'curl: (28) Operation timed out'; exit 28" : `printf '{}\\n${status}'`} ;;`;
    });
    const curl = `#!/bin/sh\necho x >>${state}/asked\ncase $(wc -l <${state}/asked) in\n${cases.join("\n")}\nesac\n`;
    writeFileSync(join(state, "curl"), curl, { mode: 0o755 });
    // the limit of a minute, and a short one for what never succeeds
    const script = code("lost-nodes").replace("until_true 60", `until_true ${answers.at(-1) === 500 ? 1 : 60}`);
    return spawnSync("bash", ["-s", "--", "lost-nodes", "2", "1", "failover", "lab", "https://api", "master1"], {
      input: `${code("lib")}\n${code("kube")}\n${script}\nmain "$@"; exit\n`,
      encoding: "utf8",
      env: { ...process.env, RKE_DR_STATE: state, PATH: `${state}:${process.env.PATH}` },
    });
  }

  for (const [what, answers, exit, said] of [
    ["is done once", [200], 0, /Node master1 deleted/],
    ["of one that is gone is no error", [404], 0, /Node master1 was gone already/],
    ["is tried again where the API didn't answer in time", [undefined, 200], 0, /Node master1 deleted/],
    ["is tried again after an error", [500, 404], 0, /Node master1 was gone already/],
    ["that is never accepted is told, with the answer", [500], 1, /API: Node master1 can't be deleted: \{\}/],
  ] as const) {
    it(what, () => {
      const result = run([...answers]);
      assert.equal(result.status, exit, result.stderr);
      assert.match(result.stderr, said);
    });
  }
});
