/** Takes a lab down, and finds what one has left: by recorded processes and by names that only it uses. */
import { existsSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { loopDevices } from "./hosts/disk-image";
import { frozenHosts, thawHost } from "./hosts/freezer";
import { isOn, switchOff } from "./hosts/host";
import { cgroupFolders, removeCgroups } from "./machine/cgroups";
import { allStats, kill, type ProcessMark } from "./machine/processes";
import { say } from "./machine/progress";
import { all, LabError, must, run, until } from "./machine/run";
import { namespacePath, processesIn, removeNetwork } from "./network/network";
import type { Place } from "./state/place";
import { foreignFiles, OWN } from "./state/state";

/** Removes all of a lab; the lock stays where its holder goes on with the folder. */
export async function takeDown(place: Place, then: "end" | "keep lock" = "end"): Promise<void> {
  const hosts = recordedHosts(place);
  const on = hosts.filter((host) => isOn(place, host));
  if (on.length > 0) say(`lab ${place.id}: switching off ${on.join(", ")}`);
  await all(hosts.map((host) => switchOff(place, host)));
  for (const host of frozenHosts(place)) thawHost(place, host); // of hosts without records
  await endAll(`processes of ${place.name}'s hosts`, () => strays(place));
  // Such as a `pulumi` whose caller was killed, or the relays of a slow link.
  await endAll(`processes in ${place.name}'s network`, () => networkProcesses(place));
  await removeNetwork({ fabric: place.name, operator: operatorName(place) });
  await until(`control groups of ${place.name}: their end`, 10, () => removeCgroups(place.name).length === 0);
  for (const mount of mountsUnder(place.dir).reverse()) await run(["umount", "-l", mount]);
  await until(`loop devices of ${place.dir}: their end`, 10, () => loopDevices(place.dir).length === 0);
  for (const name of OWN.filter((own) => then === "end" || own !== "lock"))
    await must(["rm", "-rf", "--one-file-system", join(place.dir, name)]);
  if (then === "end" && existsSync(place.dir) && foreignFiles(place).length === 0) rmdirSync(place.dir);
  const left = await leftovers(place);
  if (left.length > 0) throw new LabError(`lab ${place.id}: must leave nothing, left ${left.join(", ")}`);
  say(`lab ${place.id}: down; no process, mount, namespace, link, control group or file is left`);
}

/** Remains of a lab, in words; empty if the lab is down. */
export async function leftovers(place: Place): Promise<string[]> {
  const hosts = recordedHosts(place).filter((host) => isOn(place, host));
  const names = [place.name, operatorName(place)].filter((name) => existsSync(namespacePath(name)));
  const links = ((await run(["ip", "-o", "link", "show"])).stdout.match(/^\d+: [^:@]+/gm) ?? [])
    .map((line) => line.replace(/^\d+: /, ""))
    .filter((link) => link.includes(place.name));
  return [
    ...hosts.map((host) => `processes of host ${host}`),
    ...(hosts.length === 0 ? strays(place).map(({ pid }) => `process ${pid} of a host`) : []),
    ...networkProcesses(place).map(({ pid, name }) => `process ${pid} (${name}) in its network`),
    ...names.map((name) => `network namespace ${name}`),
    ...links.map((link) => `link ${link}`),
    ...cgroupFolders(place.name).map((folder) => `control group ${folder}`),
    ...mountsUnder(place.dir).map((mount) => `mount ${mount}`),
    ...loopDevices(place.dir).map((device) => `loop device ${device}`),
  ];
}

const operatorName = (place: Place): string => `${place.name}-op`;

const networkProcesses = (place: Place) => [operatorName(place), place.name].flatMap(processesIn);

function recordedHosts(place: Place): string[] {
  const folder = join(place.dir, "hosts");
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** Processes of hosts whose records are gone: each still has the host's own settings in its environment. */
function strays(place: Place) {
  const own = `\0CGROUP_PARENT=/${place.name}/`;
  return allStats().filter((stat) => stat.state !== "Z" && `\0${environmentOf(stat.pid)}`.includes(own));
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8");
  } catch {
    return "";
  }
}

async function endAll(what: string, find: () => ProcessMark[]): Promise<void> {
  await until(`${what}: their end`, 10, () => {
    const running = find();
    for (const mark of running) kill(mark);
    return running.length === 0;
  });
}

function mountsUnder(folder: string): string[] {
  return readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => (line.split(" ")[1] ?? "").replace(/\\040/g, " "))
    .filter((path) => path.startsWith(`${folder}/`));
}
