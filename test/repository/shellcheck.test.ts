import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { excluded, findingsOf, noShellcheck, runsOf, shellScripts } from "./shell-scripts";

const why = noShellcheck();
// in CI nobody reads what was skipped
const suite = why === "" || process.env.CI ? describe : describe.skip;

suite(`shellcheck${why && ` (skipped: ${why})`}`, function () {
  this.timeout(600_000);

  it("finds nothing in any script of the repository", async () => {
    const root = join(__dirname, "../..");
    const scripts = shellScripts(root);
    assert.ok(scripts.includes(".ci/run") && scripts.some((name) => name.startsWith("lab/")), scripts.join());
    assert.ok(scripts.filter((name) => name.startsWith("on-host/")).length > 40, scripts.join());
    assert.deepEqual(await findingsOf(root, runsOf(root, scripts), excluded), []);
  });

  describe("reads a script together with what its first line says that it needs", () => {
    let root: string;
    before(() => {
      root = mkdtempSync(join(tmpdir(), "rke-dr-shellcheck-"));
    });
    after(() => rmSync(root, { recursive: true }));

    async function found(files: Record<string, string>): Promise<string[]> {
      rmSync(join(root, "on-host"), { recursive: true, force: true });
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(root, name)), { recursive: true });
        writeFileSync(join(root, name), text);
      }
      const findings = await findingsOf(root, runsOf(root, shellScripts(root)), []);
      return findings.map((finding) => finding.split(": ").slice(0, 2).join(" "));
    }
    const library = '# needs: nothing\nstate=/var/lib\nsay() { printf "%s\\n" "$*"; }\n';

    it("a variable that one script of several reads is used, one that none reads isn't", async () => {
      assert.deepEqual(
        await found({
          "on-host/lib/step.sh": `${library}unread=1\n`,
          "on-host/steps/a.sh": '# needs: lib/step\nmain() { say "$state"; }\n',
          "on-host/steps/b.sh": "# needs: lib/step\nmain() { say hello; }\n",
        }),
        ["on-host/lib/step.sh:4 SC2034"],
      );
    });

    it("a variable that none of what is read together sets is named, with its file and line there", async () => {
      assert.deepEqual(
        await found({
          "on-host/lib/step.sh": library,
          "on-host/lib/aside.sh": '# needs: nothing\naside() { ls "$state" "$nowhere"; }\n',
          "on-host/steps/a.sh": '# needs: lib/step lib/aside\nmain() { say "$state"; aside; }\n',
          "on-host/steps/b.sh": "# needs: lib/aside\nmain() { aside; }\n",
        }),
        ["on-host/lib/aside.sh:2 SC2154", "on-host/lib/aside.sh:2 SC2154"],
      );
    });

    it("scripts that need each other are refused", async () => {
      await assert.rejects(
        found({ "on-host/a.sh": "# needs: b\n", "on-host/b.sh": "# needs: a\n" }),
        /on-host\/[ab]\.sh: needs itself: /,
      );
    });
  });
});
