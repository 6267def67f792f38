/**
 * Part of `npm run check`: actionlint on the workflows, and by it shellcheck on their scripts. It is built as the lab's Go programs are, once; without Go this
 * says so and succeeds, but in CI (variable CI) fails.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { goBuild } from "../../lab/build/go-build";
import { actionlint } from "../../lab/build/programs";
import { Lab } from "../../lab/lab";
import { withLock } from "../../lab/machine/lock";
import { findProgram } from "../../lab/machine/packages";
import { run } from "../../lab/machine/run";

const root = join(__dirname, "../..");

/** Why workflows can't be checked here; empty if they can. */
export const noActionlint = (): string =>
  findProgram("go", [...(process.env.PATH ?? "").split(":"), "/usr/local/go/bin", "/usr/lib/go/bin"])
    ? ""
    : "go isn't on PATH: apt-get install golang-go";

/** The workflows' findings, a line each; empty if all is well. @param files paths from the root */
export async function workflowFindings(files: string[]): Promise<string> {
  const { cache } = Lab.open().place;
  // a lock of its own: it waits for no build of a lab
  const folder = await withLock(join(cache, "actionlint"), "the build of actionlint", 600, () =>
    goBuild(cache, actionlint),
  );
  const { stdout, stderr } = await run([join(folder, "actionlint"), "-oneline", ...files], { cwd: root });
  return stdout + stderr;
}

export const workflows = (): string[] =>
  readdirSync(join(root, ".github/workflows")).map((name) => join(".github/workflows", name));

async function main(): Promise<number> {
  const why = noActionlint();
  if (why !== "") {
    console.log(`workflows aren't checked: ${why}`);
    return process.env.CI ? 1 : 0;
  }
  const findings = await workflowFindings(workflows());
  process.stdout.write(findings === "" ? `Checked ${workflows().length} workflows. No findings.\n` : findings);
  return findings === "" ? 0 : 1;
}

if (require.main === module)
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      process.exitCode = 1;
    },
  );
