/** The cache keeps what is in use and a little of what was: every change of a source makes a new folder. */
import { existsSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";

const KEPT = 3;

/** Marks `folder/name` as used now, and removes all but the last used of the folders that start with `prefix`. */
export function keepNewest(folder: string, prefix: string, name: string): void {
  const now = new Date();
  if (existsSync(join(folder, name))) utimesSync(join(folder, name), now, now);
  for (const old of oldest(folder, prefix)) rmSync(join(folder, old), { recursive: true, force: true });
}

function oldest(folder: string, prefix: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(prefix) && !name.endsWith(".new"))
    .map((name) => ({ name, used: statSync(join(folder, name)).mtimeMs }))
    .sort((a, b) => b.used - a.used)
    .slice(KEPT)
    .map(({ name }) => name);
}
