import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bashLine, remoteBash, remoteShell, shellLine } from "../../reach/command-line";

describe("the command line of a command on a host", () => {
  const bounds = { seconds: 20, killAfter: 5 };

  /** Runs a command line with a program `sudo` that prints how it was called and runs the command. */
  const run = (line: string, input: string): string => {
    const folder = mkdtempSync(join(tmpdir(), "rke-dr-sudo-"));
    writeFileSync(join(folder, "sudo"), `#!/bin/sh\nprintf '%s;' "$@"\nshift 2\nexec "$@"\n`, { mode: 0o755 });
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    try {
      return execFileSync("sh", ["-c", line], { input, encoding: "utf8", env });
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  it("hands each argument to the script as it is, whatever is in it", () => {
    const args = ["plain", "two words", "", "it's", "$(id) `id` $HOME", "*", "a\nb", 7];
    const shown = args.map((a) => `<${a}>`).join("");
    assert.equal(run(remoteBash("root", args, bounds), `printf '<%s>' "$@"`), shown);
    const bySudo = run(remoteBash("rke", args, bounds), `printf '<%s>' "$@"`);
    assert.equal(bySudo, `-n;-k;timeout;-k;5;20;bash;-s;--;${args.join(";")};${shown}`);
  });

  it("ends a script that doesn't end by itself", () => {
    const line = remoteBash("root", [], { seconds: 1, killAfter: 1 });
    const from = Date.now();
    assert.throws(() => execFileSync("sh", ["-c", line], { input: "trap '' TERM; while :; do sleep 1; done" }));
    assert.ok(Date.now() - from < 30_000);
  });

  it("leaves the processor to the host's own work if asked to", () =>
    assert.equal(remoteBash("root", ["x"], { ...bounds, yielding: true }), "timeout -k 5 20 nice -n 10 bash -s -- x"));

  it("is the same for root as before there was sudo", () => {
    assert.equal(bashLine("root", bounds), "timeout -k 5 20 bash -s --");
    assert.equal(remoteShell("root", "cat >it's"), "cat >it's");
    assert.equal(shellLine("root"), "");
  });

  it("of another user runs by sudo that never asks, time limit and all, and quotes what root's shell gets", () => {
    assert.equal(bashLine("rke", bounds), "sudo -n -k timeout -k 5 20 bash -s --");
    const command = `echo "it's $(echo root)'s"; cat`;
    assert.equal(run(remoteShell("rke", command), "in\n"), `-n;-k;sh;-c;${command};it's root's\nin\n`);
  });
});
