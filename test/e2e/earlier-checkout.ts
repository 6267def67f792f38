import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { must } from "../../lab/machine/run";

const root = join(__dirname, "../..");

/** Why a commit of this repository can't be checked out here, in one line; empty if it can. */
export function historyLacks(commit: string): string {
  const found = spawnSync("git", ["-C", root, "cat-file", "-e", `${commit}^{commit}`]).status === 0;
  return found ? "" : `this repository's history lacks the commit, as a shallow clone's does`;
}

/**
 * The files of a commit in a folder of their own, with the packages that they name: this checkout's if package.json names the
 * same, else installed from the commit's own list.
 */
export async function checkoutOf(commit: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "rke-dr-earlier-"));
  await must([
    "bash",
    "-ec",
    'set -o pipefail; git -C "$1" archive "$2" | tar -x -C "$3"',
    "bash",
    root,
    commit,
    folder,
  ]);
  if (packagesOf(folder) === packagesOf(root)) symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  else await must(["npm", "ci", "--no-audit", "--no-fund"], { cwd: folder });
  return folder;
}

function packagesOf(folder: string): string {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return JSON.stringify({ ...dependencies, ...devDependencies });
}
