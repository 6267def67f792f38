/** The state of a lab, and which of its parts are stand-ins. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { faultsOf } from "./faults/faults";
import { isFrozen } from "./hosts/freezer";
import { initOf, isOn, onHost, runtimeState } from "./hosts/host";
import { type HostKind, kindOf } from "./hosts/kind";
import type { HostContainer } from "./hosts/runtimes";
import { installerDoor } from "./installers/installers";
import { LabError, run } from "./machine/run";
import { linkStates } from "./network/network";
import type { NetworkPlan } from "./network/network-plan";
import { operatorDir, sshState } from "./operator/operator";
import type { Place } from "./state/place";
import { type LabState, readState } from "./state/state";
import { installerOf, loginOf } from "./state/topology";

export interface LabStatus {
  id: string;
  dir: string;
  phase: "down" | LabState["phase"];
  hosts: HostStatus[];
  /** Per datacenter: its link to the others. */
  links: Record<string, "up" | "cut" | "missing">;
  /** Faults that `heal` would undo, each as the verb that made it. */
  faults: string[];
  standIns: string[];
}

export interface HostStatus {
  name: string;
  datacenter: string;
  address: string;
  power: "on" | "off";
  ssh: "up" | "down";
  /** The daemon that runs the host's containers. */
  runtime: HostKind["runtime"]["daemon"];
  daemon: "up" | "down";
  containers: HostContainer[];
}

export async function labStatus(place: Place, plan: (state: LabState) => NetworkPlan): Promise<LabStatus> {
  const state = readState(place);
  const base = { id: place.id, dir: place.dir };
  if (!state) return { ...base, phase: "down", hosts: [], links: {}, faults: [], standIns: [] };
  const kind = kindOf(installerOf(state.topology));
  const hosts = state.topology.datacenters.flatMap((dc) =>
    dc.hosts.map(async (host): Promise<HostStatus> => {
      const off = {
        name: host.name,
        datacenter: dc.name,
        address: host.address,
        power: "off",
        ssh: "down",
        runtime: kind.runtime.daemon,
        daemon: "down",
        containers: [],
      } as const;
      if (!isOn(place, host.name)) return { ...off, containers: [] };
      if (isFrozen(place, host.name)) return { ...off, power: "on", containers: [] };
      try {
        const [ssh, daemon] = await Promise.all([
          sshState(place, host.address, loginOf(state.topology, host).port),
          runtimeState(place, host.name, kind),
        ]);
        const containers = daemon === "up" ? await containersOf(place, host.name, kind) : [];
        return { ...off, power: "on", ssh, daemon, containers };
      } catch (error) {
        // it may have gone off, or come to freeze, while it was looked at
        if (!(error instanceof LabError)) throw error;
        return { ...off, power: isOn(place, host.name) ? "on" : "off", containers: [] };
      }
    }),
  );
  return {
    ...base,
    phase: state.phase,
    hosts: await Promise.all(hosts),
    links: await linkStates(plan(state)),
    faults: await faultsOf(place, plan(state)),
    standIns: standIns(place, state),
  };
}

/** Parts that aren't the real thing; those of Pulumi once it has been used. */
export function standIns(place: Place, state: LabState): string[] {
  const used = join(operatorDir(place), "engine.json");
  const pulumi = existsSync(used) ? (JSON.parse(readFileSync(used, "utf8")) as { standIns: string[] }).standIns : [];
  return [...installerDoor(state.topology).standIns(state), ...pulumi];
}

export function statusText(status: LabStatus): string {
  const lines = [`lab ${status.id} in ${status.dir}: ${status.phase}`];
  for (const host of status.hosts) {
    const name = `${host.datacenter}  ${host.name.padEnd(10)} ${host.address.padEnd(15)}`;
    if (host.power === "off") lines.push(`${name} off`);
    else {
      const running = host.containers.filter(({ state }) => state === "running").map((container) => container.name);
      lines.push(
        `${name} on   ssh ${host.ssh.padEnd(4)} ${host.runtime} ${host.daemon.padEnd(4)} ${running.join(" ")}`.trimEnd(),
      );
    }
  }
  for (const [datacenter, link] of Object.entries(status.links))
    lines.push(`link of ${datacenter} to the others: ${link}`);
  for (const fault of status.faults) lines.push(`fault: ${fault}`);
  if (status.standIns.length > 0) lines.push(`stand-ins: ${status.standIns.join(", ")}`);
  return `${lines.join("\n")}\n`;
}

async function containersOf(place: Place, host: string, { runtime }: HostKind): Promise<HostContainer[]> {
  if (!initOf(place, host)) return []; // it went off meanwhile
  const listed = await run(onHost(place, host, runtime.list), { timeoutSeconds: 10 });
  return listed.code === 0 ? runtime.read(listed.stdout) : [];
}
