/** One process at a time in a folder. A lock whose holder is gone counts for nothing. */
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive, ownMark, type ProcessMark } from "./processes";
import { say } from "./progress";
import { LabError, until } from "./run";

/** Runs `work` while holding `folder/lock`. Waits for another holder up to `waitSeconds` (0: refuses at once). */
export async function withLock<T>(folder: string, what: string, waitSeconds: number, work: () => Promise<T>) {
  const made = makeFolder(folder);
  const file = join(folder, "lock");
  let told = false;
  await until(`${file}: lock of ${what}`, waitSeconds, () => {
    const holder = take(file);
    if (!holder) return true;
    if (waitSeconds === 0) throw new LabError(`${file}: ${what} is held by process ${holder.pid}: wait until it ends`);
    if (!told) say(`${what}: waiting for process ${holder.pid}, which holds ${file}`);
    told = true;
    return false;
  });
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
    if (made && existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder); // nothing came of it
  }
}

/** Returns whether it wasn't there before. */
function makeFolder(folder: string): boolean {
  try {
    return mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined;
  } catch (error) {
    throw new LabError(`${folder}: must be a folder or a place for one: ${(error as Error).message}`);
  }
}

/** Takes the lock, or returns its living holder. A link is made whole or not at all, so no reader sees half a file. */
function take(file: string): ProcessMark | undefined {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, JSON.stringify(ownMark()));
  try {
    for (let tries = 0; tries < 3; tries++) {
      try {
        linkSync(own, file);
        return undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const holder = read(file);
      if (holder && isAlive(holder)) return holder;
      rmSync(file, { force: true });
    }
    throw new LabError(`${file}: lock cannot be taken`);
  } finally {
    rmSync(own, { force: true });
  }
}

function read(file: string): ProcessMark | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as ProcessMark;
  } catch {
    return undefined;
  }
}
