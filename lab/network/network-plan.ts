/**
 * The lab's network as plain data: a bridge per datacenter, each with one link to a core bridge (a star, so no loops),
 * and an operator with a link of its own into each datacenter, who reaches both also when they don't reach each other.
 */
import { createHash } from "node:crypto";
import { LabError } from "../machine/run";
import { addressesOf, hostsOf, type LabTopology } from "../state/topology";

export interface NetworkPlan {
  /** Network namespace of the bridges; it has no link to the machine's own network. */
  fabric: string;
  /** Network namespace of the operator. */
  operator: string;
  /** Length of the one network's prefix; all datacenters share it. */
  prefixLength: number;
  datacenters: DatacenterPlan[];
}

export interface DatacenterPlan {
  name: string;
  bridge: string;
  /** The datacenter's end of its link to the core; cutting takes it down. */
  uplink: string;
  coreLink: string;
  /** The operator's interface in this datacenter, and the bridge's end of it. */
  operatorLink: string;
  operatorPort: string;
  operatorAddress: string;
  hosts: { name: string; port: string; mac: string; addresses: string[] }[];
}

export const CORE = "core";

export function planNetwork(labName: string, topology: LabTopology): NetworkPlan {
  const taken = hostsOf(topology).flatMap(addressesOf).map(toNumber);
  const prefixLength = commonPrefix(taken);
  const free = freeAddresses(taken, prefixLength);
  return {
    fabric: labName,
    operator: `${labName}-op`,
    prefixLength,
    datacenters: topology.datacenters.map((dc) => ({
      name: dc.name,
      bridge: linkName("br-", dc.name),
      uplink: linkName("up-", dc.name),
      coreLink: linkName("core-", dc.name),
      operatorLink: linkName("to-", dc.name),
      operatorPort: linkName("op-", dc.name),
      operatorAddress: toText(free()),
      hosts: dc.hosts.map((host) => ({
        name: host.name,
        port: linkName("h-", host.name),
        mac: macOf(host.address),
        addresses: addressesOf(host),
      })),
    })),
  };
}

/** Linux allows 15 characters; a longer name keeps its start and gets four digits of its hash. */
export function linkName(prefix: string, name: string): string {
  const whole = prefix + name;
  if (whole.length <= 15) return whole;
  return `${whole.slice(0, 10)}-${createHash("sha256").update(name).digest("hex").slice(0, 4)}`;
}

/** A server keeps its network card over a power cut; with a new one, others would talk to the old one for half a minute. */
export const macOf = (address: string): string =>
  ["02", "1a", ...address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"))].join(":");

/** Lines for `ip -batch -` in the fabric's namespace, before any host is there. */
export function fabricLines(plan: NetworkPlan): string[] {
  return [
    "link set lo up",
    `link add ${CORE} type bridge`,
    `link set ${CORE} up`,
    ...plan.datacenters.flatMap((dc) => [
      `link add ${dc.bridge} type bridge`,
      `link set ${dc.bridge} up`,
      `link add ${dc.uplink} type veth peer name ${dc.coreLink}`,
      `link set ${dc.uplink} master ${dc.bridge} up`,
      `link set ${dc.coreLink} master ${CORE} up`,
      `link add ${dc.operatorPort} type veth peer name ${dc.operatorLink} netns ${plan.operator}`,
      `link set ${dc.operatorPort} master ${dc.bridge} up`,
    ]),
  ];
}

/** Lines for `ip -batch -` in the operator's namespace: a route per host, through the link into its datacenter. */
export function operatorLines(plan: NetworkPlan): string[] {
  return [
    "link set lo up",
    ...plan.datacenters.flatMap((dc) => [
      `addr add ${dc.operatorAddress}/32 dev ${dc.operatorLink}`,
      `link set ${dc.operatorLink} up`,
      ...dc.hosts
        .flatMap((host) => host.addresses)
        .map((address) => `route add ${address}/32 dev ${dc.operatorLink} src ${dc.operatorAddress}`),
    ]),
  ];
}

export const toNumber = (address: string): number =>
  address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

export const toText = (value: number): string =>
  [24, 16, 8, 0].map((bits) => Math.floor(value / 2 ** bits) % 256).join(".");

/** The longest prefix, at most 24, that holds all addresses. */
function commonPrefix(addresses: number[]): number {
  for (let length = 24; length >= 8; length--) {
    const size = 2 ** (32 - length);
    if (new Set(addresses.map((address) => Math.floor(address / size))).size === 1) return length;
  }
  const all = addresses.map(toText).join(", ");
  throw new LabError(`topology: addresses must share their first 8 bits, the lab is one flat network; they are ${all}`);
}

/** Gives unused addresses of the network, from its 11th on. */
function freeAddresses(taken: number[], prefixLength: number): () => number {
  const size = 2 ** (32 - prefixLength);
  const start = Math.floor((taken[0] ?? 0) / size) * size;
  let next = start + 11;
  return () => {
    while (taken.includes(next)) next++;
    if (next >= start + size - 1)
      throw new LabError(`topology: no address is left for the operator in ${toText(start)}/${prefixLength}`);
    return next++;
  };
}
