/** A host's power: on is its init process with everything under it, off is that process's death. */
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeCgroups, removeCgroups } from "../machine/cgroups";
import { childrenOf, isAlive, kill, type ProcessMark, readMark } from "../machine/processes";
import { LabError, NO_BASHRC, run, until } from "../machine/run";
import { plugIn } from "../network/network";
import type { NetworkPlan } from "../network/network-plan";
import { hostDir, type Place } from "../state/place";
import { unmounted } from "./disk-image";
import { isFrozen, thawHost } from "./freezer";
import type { HostKind } from "./kind";

const INIT = join(__dirname, "init.sh");

/** The recorded process: `unshare`, whose only child is the host's init; each dies with the other. */
export const keeperOf = (place: Place, host: string): ProcessMark | undefined =>
  readMark(join(hostDir(place, host), "keeper.stat"));

export const isOn = (place: Place, host: string): boolean => isAlive(keeperOf(place, host));

/** The init process of a host that is on. */
export function initOf(place: Place, host: string): ProcessMark | undefined {
  const keeper = keeperOf(place, host);
  // Until it becomes `unshare`, the keeper has children of the machine's own namespace.
  return keeper && childrenOf(keeper).find(({ pid }) => processNamespace(pid) !== processNamespace("self"));
}

function processNamespace(pid: number | "self"): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return processNamespace("self"); // it is gone
  }
}

const offMark = (place: Place, host: string): string => join(hostDir(place, host), "off");

/** True if the host was powered off by a command; false if it died by itself. */
export const isMarkedOff = (place: Place, host: string): boolean => existsSync(offMark(place, host));

export const markOff = (place: Place, host: string): void => writeFileSync(offMark(place, host), "");

/** Starts the host; returns when it is plugged in and its init goes on to start sshd and the host's runtime. */
export async function switchOn(place: Place, plan: NetworkPlan, host: string, kind: HostKind): Promise<void> {
  const folder = hostDir(place, host);
  if (!existsSync(join(folder, "upper"))) throw new LabError(`host ${host}: must have a disk in ${folder}, has none`);
  rmSync(offMark(place, host), { force: true });
  removeCgroups(`${place.name}/${host}`); // a power cut leaves those of the containers that ran
  await unmounted(folder);
  mkdirSync(join(folder, "log"), { recursive: true });
  const log = openSync(join(folder, "log/init.log"), "a");
  // The keeper records itself before it becomes `unshare`, so that no moment has a process which nobody knows.
  // A control group namespace has as its roots the groups that the process is in when it makes the namespace.
  const record =
    'cp /proc/$$/stat "$0.new" && mv "$0.new" "$0" && for g in $CGROUPS; do echo $$ >"$g/cgroup.procs"; done; exec "$@"';
  const namespaces = ["-m", "-u", "-p", "-n", ...(kind.ownCgroups ? ["-i", "-C"] : [])];
  const unshare = ["unshare", ...namespaces, "--mount-proc", "--fork", "--kill-child=KILL", "bash", INIT];
  const keeper = spawn("bash", ["-c", record, join(folder, "keeper.stat"), ...unshare], {
    detached: true,
    stdio: ["pipe", log, log],
    env: {
      ...NO_BASHRC,
      PATH: process.env.PATH,
      NAME: host,
      DISK: folder,
      LAB_DIR: place.dir,
      CGROUP_PARENT: `/${place.name}/${host}`,
      CGROUPS: kind.ownCgroups ? makeCgroups(`${place.name}/${host}`).join(" ") : "",
      FIRST_PROCESS: kind.firstProcess,
      ...(process.env.LAB_EACH_FOLDER ? { EACH_FOLDER: "1" } : {}),
    },
  });
  closeSync(log);
  keeper.stdin?.on("error", () => {});
  try {
    const init = await until(`host ${host}: its init process`, 10, () => {
      if (keeper.exitCode !== null) throw new LabError(`host ${host}: did not start: ${lastLines(folder, "init.log")}`);
      return initOf(place, host);
    });
    await plugIn(plan, host, init.pid);
    keeper.stdin?.write("go\n");
  } finally {
    keeper.stdin?.end(); // an init that didn't get its line ends
  }
  keeper.unref();
}

/** Kills the host's init; the kernel ends everything in its process namespace before this returns. */
export async function switchOff(place: Place, host: string): Promise<void> {
  const keeper = keeperOf(place, host);
  if (!keeper) return;
  for (const init of childrenOf(keeper)) kill(init);
  thawHost(place, host); // what is frozen doesn't die
  await until(`host ${host}: the end of its processes`, 30, () => {
    if (!isAlive(keeper)) return true;
    if (childrenOf(keeper).length === 0) kill(keeper);
    return false;
  });
  removeCgroups(`${place.name}/${host}`);
}

/** The start of a command that runs on a host. */
export function onHost(
  place: Place,
  host: string,
  argv: readonly string[],
  env: Record<string, string> = {},
): string[] {
  const init = initOf(place, host);
  if (!init) throw new LabError(`host ${host}: must be powered on, is off`);
  if (isFrozen(place, host)) throw new LabError(`host ${host}: must answer, is frozen: run \`npm run lab -- heal\``);
  const settings = { PATH: HOST_PATH, HOME: "/root", LANG: "C.UTF-8", ...NO_BASHRC, ...env };
  const pairs = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  // Namespaces that a host doesn't have of its own are the machine's, and entering them changes nothing.
  const namespaces = ["-m", "-u", "-i", "-p", "-n", "-C"];
  return ["nsenter", "-t", String(init.pid), ...namespaces, "--", "env", "-i", "-C", "/root", ...pairs, ...argv];
}

const HOST_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Waits until the host's runtime answers. */
export async function runtimeAnswers(place: Place, host: string, { runtime }: HostKind, limitSeconds: number) {
  await until(`host ${host}: an answer of ${runtime.daemon}`, limitSeconds, async () => {
    if (!isOn(place, host))
      throw new LabError(`host ${host}: went off: ${lastLines(hostDir(place, host), "init.log")}`);
    return (await runtimeState(place, host, { runtime })) === "up";
  });
}

export async function runtimeState(
  place: Place,
  host: string,
  { runtime }: Pick<HostKind, "runtime">,
): Promise<"up" | "down"> {
  if (!initOf(place, host) || isFrozen(place, host)) return "down";
  const asked = await run(onHost(place, host, runtime.ping), { timeoutSeconds: 10 });
  return asked.code === 0 ? "up" : "down";
}

function lastLines(folder: string, log: string): string {
  const file = join(folder, "log", log);
  const text = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").slice(-3).join(" | ") : "";
  return text || `nothing in ${file}`;
}
