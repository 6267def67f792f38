/** Kills a container's process as a crash would: the host's runtime then does what the container's restart policy says. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { initOf, isOn, onHost } from "../hosts/host";
import { kindHere } from "../hosts/kind";
import { allStats, kill, type ProcessMark } from "../machine/processes";
import { all, LabError, must, run } from "../machine/run";
import { hostDir, type Place } from "../state/place";

const record = (place: Place, host: string): string => join(hostDir(place, host), "killed.json");

/**
 * Finds a container's process on each of these hosts, so that all of them can be killed at one moment.
 * @returns kills them, and no longer than it takes to send that many signals
 */
export async function aimAt(place: Place, hosts: string[], container: string): Promise<() => void> {
  const found: ProcessMark[] = [];
  await all(hosts.map(async (host) => void found.push(await processOf(place, host, container))));
  return () => {
    // before the signals: a lab that is killed in between can still be healed
    for (const host of hosts) {
      writeFileSync(record(place, host), JSON.stringify([...new Set([...killedOn(place, host), container])]));
    }
    for (const mark of found) kill(mark);
  };
}

/** A container's main process, as this machine counts processes. */
async function processOf(place: Place, host: string, container: string): Promise<ProcessMark> {
  const { runtime } = kindHere(place);
  const inside = Number((await run(onHost(place, host, runtime.pid(container)))).stdout);
  if (!inside) {
    const listed = runtime.read((await must(onHost(place, host, runtime.list))).stdout);
    const names = listed.filter(({ state }) => state === "running").map(({ name }) => name);
    const running = names.sort().join(", ") || "none";
    throw new LabError(`kill: container must be one that runs on host ${host} (${running}), is "${container}"`);
  }
  const mark = below(initOf(place, host)?.pid).find(({ pid }) => pidInHost(pid) === inside);
  if (!mark) throw new LabError(`kill: process ${inside} of host ${host} must be one of this machine's, is not`);
  return mark;
}

/** All processes below one. */
function below(root: number | undefined): ProcessMark[] {
  const stats = allStats();
  const found: ProcessMark[] = [];
  for (let parents = [root]; parents.length > 0; ) {
    const children = stats.filter((stat) => parents.includes(stat.parent));
    found.push(...children);
    parents = children.map(({ pid }) => pid);
  }
  return found;
}

/** A process's number in the second of its namespaces (proc(5), NSpid), which is its host's; 0 if it has ended. */
function pidInHost(pid: number): number {
  try {
    return Number(/^NSpid:\t\d+\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Containers killed since the last `heal`. */
export function killedOn(place: Place, host: string): string[] {
  const file = record(place, host);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as string[]) : [];
}

/** Starts what the runtime did not start again; what has been removed meanwhile is nobody's. */
export async function reviveContainers(place: Place, host: string): Promise<void> {
  if (!isOn(place, host)) return;
  const { runtime } = kindHere(place);
  for (const name of killedOn(place, host)) await must(onHost(place, host, runtime.revive(name)));
  rmSync(record(place, host), { force: true });
}
