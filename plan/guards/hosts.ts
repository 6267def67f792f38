import { factsOf, type Observation } from "../facts/observation";
import type { Host } from "../topology/topology";
import { isIp } from "../values/addresses";

/** Rights that steps need on every host: a login, root, and a docker that answers. */
export function rights(hosts: Host[], seen: Observation): string[] {
  return hosts.flatMap((h) => {
    const facts = seen.hosts[h.name];
    if (facts?.reachable !== true) {
      return facts?.refusal === "login refused" ? [`${h.name} (${h.address}): ${facts.reason}`] : [];
    }
    return [
      ...(facts.tools.root ? [] : [`${h.name}: steps must run as root, they don't`]),
      ...(facts.tools.runtime ? [] : [`${h.name}: docker must answer, it doesn't`]),
    ];
  });
}

/**
 * Names are enough for RKE and for a rendering, not for an act: firewall rules, the API's endpoints and the search for what still
 * answers go by address.
 */
export const addressProblems = (hosts: Host[]): string[] =>
  hosts.flatMap((h) =>
    isIp(h.internalAddress)
      ? []
      : [
          `${h.name}: internalAddress must be an IPv4 address for an act, it is ${JSON.stringify(h.internalAddress)}; give internal_address to RKE and internalAddress here (certificates and etcd's URLs change: one restart, in peace)`,
        ],
  );

export function tools(hosts: Host[], seen: Observation): string[] {
  return hosts.flatMap((h) => {
    const has = factsOf(seen, h)?.tools;
    if (!has) {
      return [];
    }
    return [
      ...(has.curl ? [] : [`${h.name}: curl with --unix-socket (7.40 or later) is missing`]),
      ...(has.flock ? [] : [`${h.name}: flock is missing`]),
    ];
  });
}

/** For records, snapshots of a small cluster, and containers' own files: with less a step could fail half-way. */
const leastFreeBytes = 50 * 1024 * 1024;

export function roomProblems(hosts: Host[], seen: Observation): string[] {
  return hosts.flatMap((h) => {
    const free = factsOf(seen, h)?.preflight.smallestFreeBytes ?? leastFreeBytes;
    return free < leastFreeBytes
      ? [`${h.name}: ${leastFreeBytes} bytes must be free below /var/lib, /var/lib/docker and /etc, ${free} are`]
      : [];
  });
}

/** Milliseconds. Far above what a slow connection adds to the comparison, far below what leases and certificates bear. */
const clockLimit = 5000;

/** Compares the hosts' clocks with the operator's, and with each other: two may be off to different sides. */
export function clockProblems(hosts: Host[], seen: Observation): string[] {
  const clocks = hosts.flatMap((h) => {
    const skew = factsOf(seen, h)?.clockSkew;
    return skew === undefined ? [] : [{ name: h.name, skew }];
  });
  const off = clocks.filter((c) => Math.abs(c.skew) > clockLimit);
  const ordered = [...clocks].sort((a, b) => a.skew - b.skew);
  const [first, last] = [ordered[0], ordered.at(-1)];
  const spread = first && last ? last.skew - first.skew : 0;
  const seconds = (milliseconds: number) => `${(Math.abs(milliseconds) / 1000).toFixed(1)} s`;
  const operator =
    clocks.length > 1 && off.length === clocks.length && spread <= clockLimit
      ? "; the hosts agree with each other: is the operator's own clock right?"
      : "";
  return [
    ...off.map(
      (c) =>
        `${c.name}: its clock must be within ${seconds(clockLimit)} of the operator's, it is ${seconds(c.skew)} ${c.skew > 0 ? "ahead" : "behind"}${operator}`,
    ),
    ...(first && last && spread > clockLimit
      ? [
          `${first.name} and ${last.name}: their clocks must be within ${seconds(clockLimit)} of each other, they are ${seconds(spread)} apart`,
        ]
      : []),
  ];
}
