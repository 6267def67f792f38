import type { Reachable } from "../../facts/facts";
import type { Host } from "../../topology/topology";
import { isIp } from "../../values/addresses";

/**
 * Where lost hosts may come from when they return: each of their addresses once, in a fixed order. A name is none: guards see to
 * it that each host has an internal address.
 */
export const refusedAddresses = (lostHosts: Host[]): string[] => [
  ...new Set(lostHosts.flatMap((h) => [h.address, h.internalAddress]).filter(isIp)),
];

/** Whether the host refuses every lost host's address at etcd's ports now and will after a reboot. */
export function isolationStands(facts: Reachable | undefined, lostHosts: Host[]): boolean {
  const { refused = [], boot = "" } = facts?.isolation ?? {};
  return boot !== "" && refusedAddresses(lostHosts).every((address) => refused.includes(address));
}
