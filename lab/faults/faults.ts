/** All faults of a lab: which there are, and how each is undone. Each is named as the verb that makes it. */
import { frozenHosts, thawHost } from "../hosts/freezer";
import { all, LabError } from "../machine/run";
import { linkStates, operatorLinkStates, setLink } from "../network/network";
import type { NetworkPlan } from "../network/network-plan";
import type { Place } from "../state/place";
import { killedOn, reviveContainers } from "./container";
import { delayLinks, linkDelay, undelayLinks } from "./delay";
import { isCorrupt, repairEtcd } from "./etcd-data";
import { freeDisk, isFull } from "./full-disk";
import { packetFaults, setPacketFaults } from "./packets";

export async function faultsOf(place: Place, plan: NetworkPlan): Promise<string[]> {
  const hosts = plan.datacenters.flatMap((dc) => dc.hosts.map(({ name }) => name));
  const [links, operatorLinks, packets, delay] = await Promise.all([
    linkStates(plan),
    operatorLinkStates(plan),
    packetFaults(plan),
    linkDelay(plan),
  ]);
  const cut = (states: Record<string, string>) => Object.keys(states).filter((name) => states[name] === "cut");
  const slow = `slow-link ${delay}${packets.lossPercent > 0 ? ` --loss ${packets.lossPercent}` : ""}`;
  return [
    ...cut(links).map((datacenter) => `cut-link ${datacenter}`),
    ...cut(operatorLinks).map((datacenter) => `cut-operator ${datacenter}`),
    ...(delay > 0 || packets.lossPercent > 0 ? [slow] : []),
    ...frozenHosts(place).map((host) => `freeze ${host}`),
    ...packets.dropped.map((host) => `drop ${host}`),
    ...hosts.filter((host) => isFull(place, host)).map((host) => `fill-disk ${host}`),
    ...hosts.filter((host) => isCorrupt(place, host)).map((host) => `corrupt-etcd ${host}`),
    ...hosts.flatMap((host) => killedOn(place, host).map((container) => `kill ${host} ${container}`)),
  ];
}

/** Makes the packets of hosts vanish, besides those that vanish already. */
export async function dropHosts(plan: NetworkPlan, hosts: string[]): Promise<void> {
  const before = await packetFaults(plan);
  await setPacketFaults(plan, "drop", { ...before, dropped: [...new Set([...before.dropped, ...hosts])] });
}

/** Replaces an earlier delay and loss. */
export async function slowLinks(place: Place, plan: NetworkPlan, milliseconds: number, lossPercent: number) {
  await delayLinks(place, plan, milliseconds);
  const before = await packetFaults(plan);
  if (before.lossPercent !== lossPercent) await setPacketFaults(plan, "slow-link", { ...before, lossPercent });
}

/** Undoes the faults; returns those undone and those left, which are inside hosts that are off. */
export async function healAll(place: Place, plan: NetworkPlan): Promise<{ healed: string[]; left: string[] }> {
  const before = await faultsOf(place, plan);
  for (const dc of plan.datacenters) {
    await setLink(plan, dc.uplink, "up");
    await setLink(plan, dc.operatorPort, "up");
  }
  await undelayLinks(plan);
  const { dropped, lossPercent } = await packetFaults(plan);
  if (dropped.length > 0 || lossPercent > 0) await setPacketFaults(plan, "heal", { dropped: [], lossPercent: 0 });
  await all(plan.datacenters.flatMap((dc) => dc.hosts).map(({ name }) => healHost(place, name)));
  const left = await faultsOf(place, plan);
  return { healed: before.filter((fault) => !left.includes(fault)), left };
}

/** In this order: nothing frozen answers, and etcd needs a disk to start on. */
async function healHost(place: Place, host: string): Promise<void> {
  thawHost(place, host);
  await freeDisk(place, host);
  await repairEtcd(place, host);
  await reviveContainers(place, host);
}

/**
 * No lab of namespaces has it: the kernel has one wall clock for all (time namespaces shift only the monotonic and boot
 * clocks), and etcd and Kubernetes are Go programs, which ask the kernel itself, so that no preloaded library
 * (libfaketime) comes between. Moving the machine's own clock would move every host and the operator alike.
 */
export function refuseSetClock(host: string, seconds: number): never {
  throw new LabError(
    `set-clock ${host} ${seconds > 0 ? "+" : ""}${seconds}: can't be had here: Linux has one CLOCK_REALTIME for all namespaces ` +
      "(time namespaces shift only CLOCK_MONOTONIC and CLOCK_BOOTTIME), and libfaketime doesn't reach etcd and " +
      "Kubernetes, which are Go programs and read the clock without libc",
  );
}
