import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const root = join(__dirname, "../..");

/**
 * Makes a project of one's own of the worked example, with the packed package and what it depends on, as `npm install` would from a registry.
 * @returns the names in the package
 */
export function ownProject(folder: string): string[] {
  cpSync(join(root, "automation/example"), folder, { recursive: true });
  const packed = spawnSync("npm", ["pack", "--json", "--pack-destination", folder], { cwd: root, encoding: "utf8" });
  assert.equal(packed.status, 0, packed.stderr);
  const installed = join(folder, "node_modules/rke-dr");
  mkdirSync(installed, { recursive: true });
  const tar = spawnSync("tar", ["-xzf", join(folder, "rke-dr-0.1.0.tgz"), "-C", installed, "--strip-components=1"]);
  assert.equal(tar.status, 0, String(tar.stderr));
  // its dependencies alone: what only this repository's tests have is missing there
  const listed = spawnSync("npm", ["ls", "--omit=dev", "--all", "--parseable"], { cwd: root, encoding: "utf8" });
  for (const path of listed.stdout.trim().split("\n").slice(1)) {
    const at = join(folder, relative(root, path));
    if (existsSync(at) || at.split("node_modules").length > 2) continue;
    mkdirSync(dirname(at), { recursive: true });
    symlinkSync(path, at);
  }
  mkdirSync(join(folder, "node_modules/.bin"));
  symlinkSync("../rke-dr/automation/bin.js", join(folder, "node_modules/.bin/rke-dr"));
  return readdirSync(installed, { recursive: true, encoding: "utf8" });
}
