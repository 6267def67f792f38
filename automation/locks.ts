import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join } from "node:path";

/** A lock that an operation has put on a stack in a backend of files. */
export interface Lock {
  path: string;
  pid: number;
  username: string;
  hostname: string;
  timestamp: string;
}

/** The folder of a backend by its URL; undefined if it is no backend of files. */
export const backendFolder = (url: string): string | undefined =>
  url.startsWith("file://") ? url.slice("file://".length).replace(/^~(?=\/|$)/, homedir()) : undefined;

/** The locks on a stack. Projects of old backends, whose stacks have names without a project, have them in another place. */
export const locksOn = (backend: string, project: string, stack: string): Lock[] =>
  [join("organization", project, stack), stack]
    .map((name) => join(backend, ".pulumi/locks", name))
    .flatMap((folder) => (existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []))
    .filter((path) => path.endsWith(".json"))
    .map((path) => ({ ...(JSON.parse(readFileSync(path, "utf8")) as Omit<Lock, "path">), path }));

/** True if the operation was one of this machine, and no process has its number any more. */
export function isLeft(lock: Lock): boolean {
  if (lock.hostname !== hostname()) return false;
  try {
    process.kill(lock.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/**
 * Takes away the locks that operations of this machine have left, which were killed.
 * @returns the others: their operations may run
 */
export function takeLeftLocks(locks: Lock[]): Lock[] {
  for (const { path } of locks.filter(isLeft)) rmSync(path, { force: true });
  return locks.filter((lock) => existsSync(lock.path));
}

export const describeLock = ({ username, hostname: host, pid, timestamp }: Lock): string =>
  `${username} on ${host} (process ${pid}) since ${timestamp}`;
