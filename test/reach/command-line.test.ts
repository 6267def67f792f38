import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { remoteBash } from "../../reach/command-line";

describe("the command line of a command on a host", () => {
  const bounds = { seconds: 20, killAfter: 5 };

  it("hands each argument to the script as it is, whatever is in it", () => {
    const args = ["plain", "two words", "", "it's", "$(id) `id` $HOME", "*", "a\nb", 7];
    const line = remoteBash(args, bounds);
    const shown = execFileSync("sh", ["-c", line], { input: `printf '<%s>' "$@"`, encoding: "utf8" });
    assert.equal(shown, args.map((a) => `<${a}>`).join(""));
  });

  it("ends a script that doesn't end by itself", () => {
    const line = remoteBash([], { seconds: 1, killAfter: 1 });
    const from = Date.now();
    assert.throws(() => execFileSync("sh", ["-c", line], { input: "trap '' TERM; while :; do sleep 1; done" }));
    assert.ok(Date.now() - from < 30_000);
  });

  it("leaves the processor to the host's own work if asked to", () =>
    assert.equal(remoteBash(["x"], { ...bounds, yielding: true }), "timeout -k 5 20 nice -n 10 bash -s -- x"));
});
