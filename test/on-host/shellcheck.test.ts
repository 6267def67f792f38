import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { onHostScript } from "../../on-host";
import { stepScripts } from "../../plan/steps/names";

const root = join(__dirname, "../..");
const files = readdirSync(join(root, "on-host"), { recursive: true, encoding: "utf8" }).filter((f) =>
  f.endsWith(".sh"),
);

/** Runs shellcheck on a text, or on files. @param skip checks that are left out, each for the reason that the caller states */
function findings(skip: string[], of: { text: string } | { files: string[] }): string {
  const args = ["-s", "bash", "-f", "gcc", ...(skip.length > 0 ? ["-e", skip.join()] : [])];
  const more = "files" in of ? of.files : ["-"];
  const { stdout, stderr } = spawnSync("shellcheck", [...args, ...more], {
    cwd: root,
    encoding: "utf8",
    input: "text" in of ? of.text : "",
  });
  return stdout + stderr;
}

describe("shellcheck finds nothing", function () {
  this.timeout(120_000);
  before(function () {
    if (spawnSync("shellcheck", ["--version"]).error) {
      console.log("      skipped: shellcheck is not installed");
      this.skip();
    }
  });

  // what a script needs isn't in its file: variables are checked below, in the text as the host gets it
  it("in any script by itself", () =>
    assert.equal(findings(["SC2034", "SC2154"], { files: files.map((f) => join("on-host", f)) }), ""));

  for (const script of [...Object.values(stepScripts), "look/facts"]) {
    // a library has functions that this step doesn't call, which are "unreachable" (SC2317)
    it(`in ${script} together with all that it needs, variables included`, () =>
      assert.equal(findings(["SC2317"], { text: `${onHostScript(script)}\nmain "$@"; exit\n` }), ""));
  }

  it("in scripts that stay on hosts, variables included", () =>
    assert.equal(
      findings([], { files: files.filter((f) => f.startsWith("resident/")).map((f) => join("on-host", f)) }),
      "",
    ));
});
