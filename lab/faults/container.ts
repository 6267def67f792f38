/** Kills a container's process as a crash would: docker then does what the container's restart policy says. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isOn, onHost } from "../hosts/host";
import { LabError, must, run } from "../machine/run";
import { hostDir, type Place } from "../state/place";

const record = (place: Place, host: string): string => join(hostDir(place, host), "killed.json");

export async function killContainer(place: Place, host: string, container: string): Promise<void> {
  const inspect = ["docker", "inspect", "--type=container", "-f", "{{.State.Pid}}", container];
  const pid = Number((await run(onHost(place, host, inspect))).stdout);
  if (!pid) {
    const names = (await must(onHost(place, host, ["docker", "ps", "--format", "{{.Names}}"]))).stdout.trim();
    const running = names.split("\n").sort().join(", ") || "none";
    throw new LabError(`kill: container must be one that runs on host ${host} (${running}), is "${container}"`);
  }
  writeFileSync(record(place, host), JSON.stringify([...new Set([...killedOn(place, host), container])]));
  await must(onHost(place, host, ["kill", "-KILL", String(pid)]));
}

/** Containers killed since the last `heal`. */
export function killedOn(place: Place, host: string): string[] {
  const file = record(place, host);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as string[]) : [];
}

/** Starts what docker did not start again; what has been removed meanwhile is nobody's. */
export async function reviveContainers(place: Place, host: string): Promise<void> {
  if (!isOn(place, host)) return;
  for (const name of killedOn(place, host)) {
    const state = await run(onHost(place, host, ["docker", "inspect", "-f", "{{.State.Running}}", name]));
    if (state.stdout.trim() !== "false") continue;
    await must(onHost(place, host, ["docker", "start", name]));
  }
  rmSync(record(place, host), { force: true });
}
