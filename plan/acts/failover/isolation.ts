import type { Reachable } from "../../facts/facts";
import type { Host } from "../../topology/topology";
import { isIp } from "../../values/addresses";

/**
 * The addresses from which lost hosts may connect when they return, each once, in a fixed order. Names are left out: guards
 * ensure that each host has an internal address.
 */
export const refusedAddresses = (lostHosts: Host[]): string[] => [
  ...new Set(lostHosts.flatMap((h) => [h.address, h.internalAddress]).filter(isIp)),
];

/** True if the host refuses every lost host's address at etcd's ports, now and after a reboot. */
export function isolationStands(facts: Reachable | undefined, lostHosts: Host[]): boolean {
  const { refused = [], boot = "" } = facts?.isolation ?? {};
  return boot !== "" && refusedAddresses(lostHosts).every((address) => refused.includes(address));
}
