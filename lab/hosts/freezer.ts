/**
 * Freezes hosts by the freezer of control groups. Unlike SIGSTOP it is unseen: no parent hears of a stopped child, and
 * nothing inside can go on by itself. The kernel still completes TCP handshakes.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { allStats, type ProcessMark } from "../machine/processes";
import { LabError, until } from "../machine/run";
import type { Place } from "../state/place";

const ROOT = "/sys/fs/cgroup";

/** The freezer's files: one hierarchy for all (v2), or one of its own (v1). */
export interface Freezer {
  root: string;
  /** File to write to, and what. */
  control: string;
  freeze: string;
  thaw: string;
  /** File that says that all stand still, and how. */
  state: string;
  frozen: RegExp;
}

export function freezerOf(exists: (path: string) => boolean): Freezer {
  if (exists(join(ROOT, "cgroup.controllers")))
    return {
      root: ROOT,
      control: "cgroup.freeze",
      freeze: "1",
      thaw: "0",
      state: "cgroup.events",
      frozen: /^frozen 1$/m,
    };
  if (exists(join(ROOT, "freezer", "cgroup.procs")))
    return {
      root: join(ROOT, "freezer"),
      control: "freezer.state",
      freeze: "FROZEN",
      thaw: "THAWED",
      state: "freezer.state",
      frozen: /^FROZEN$/m,
    };
  throw new LabError(
    `freeze: control groups must have the freezer, ${ROOT} has neither version 2 nor a folder freezer`,
  );
}

/** Control group of the host's own processes; its containers have groups beside it, under the host's group. */
const OWN = "machine";

/** Freezes every process of the host whose first process is `init`. @throws LabError if the host is off */
export async function freezeHost(place: Place, host: string, init: ProcessMark | undefined): Promise<void> {
  if (!init) throw new LabError(`freeze: host ${host} must be powered on, is off`);
  const freezer = freezerOf(existsSync);
  const group = join(freezer.root, place.name, host);
  mkdirSync(join(group, OWN), { recursive: true });
  writeFileSync(join(group, freezer.control), freezer.freeze);
  // A process outside of the group may fork until it was moved in; a frozen one forks no more.
  await until(`host ${host}: the freeze of its processes`, 10, () => {
    const outside = processesOf(init).filter(({ pid }) => !isInside(pid, `/${place.name}/${host}`));
    for (const { pid } of outside) enter(join(group, OWN), pid);
    return outside.length === 0 && freezer.frozen.test(readFileSync(join(group, freezer.state), "utf8"));
  });
}

export function isFrozen(place: Place, host: string): boolean {
  return frozenHosts(place).includes(host);
}

export function frozenHosts(place: Place): string[] {
  const freezer = freezerOf(existsSync);
  const group = join(freezer.root, place.name);
  if (!existsSync(group)) return [];
  return readdirSync(group, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && stateOf(freezer, join(group, entry.name)))
    .map(({ name }) => name);
}

/** Lets go on; also needed for killing: version 1 delivers no signal to what is frozen. */
export function thawHost(place: Place, host: string): void {
  const freezer = freezerOf(existsSync);
  const control = join(freezer.root, place.name, host, freezer.control);
  if (existsSync(control)) writeFileSync(control, freezer.thaw);
}

/** The wanted state, not the reached one: a freeze under way must be found, too. */
function stateOf(freezer: Freezer, group: string): boolean {
  try {
    return !["0", "THAWED"].includes(readFileSync(join(group, freezer.control), "utf8").trim());
  } catch {
    return false; // the group has gone meanwhile
  }
}

/** Processes in the host's process namespace (`exec`'s children, too), and all descendants of init. */
function processesOf(init: ProcessMark): ProcessMark[] {
  const namespace = namespaceOf(init.pid);
  const stats = allStats().filter(({ state }) => state !== "Z");
  const found = new Set([init.pid, ...stats.map(({ pid }) => pid).filter((pid) => namespaceOf(pid) === namespace)]);
  for (let before = 0; before !== found.size; ) {
    before = found.size;
    for (const { pid, parent } of stats) if (found.has(parent)) found.add(pid);
  }
  return stats.filter(({ pid }) => found.has(pid));
}

function isInside(pid: number, path: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, "utf8")
      .split("\n")
      .map((line) => line.split(":"))
      .some(([id, names, ...rest]) => isFreezer(id, names) && `${rest.join(":")}/`.startsWith(`${path}/`));
  } catch {
    return true; // it has ended
  }
}

const isFreezer = (id: string | undefined, names: string | undefined) =>
  names?.split(",").includes("freezer") || (id === "0" && existsSync(join(ROOT, "cgroup.controllers")));

function enter(group: string, pid: number): void {
  try {
    writeFileSync(join(group, "cgroup.procs"), String(pid));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}
