import { factsOf, type Observation } from "../facts/observation";
import { installerOf } from "../installers/installers";
import type { Host, Topology } from "../topology/topology";
import { isIp, isIpv4 } from "../values/addresses";
import { problem } from "./verdict";

/** Rights that steps need on every host: a login, root, and a runtime that answers. */
export function rights(topology: Pick<Topology, "installer">, hosts: Host[], seen: Observation): string[] {
  const { runtimeOn } = installerOf(topology);
  return hosts.flatMap((h) => {
    const facts = seen.hosts[h.name];
    if (facts?.reachable !== true) {
      return facts?.refusal === "login refused"
        ? [
            problem(
              `${h.name} (${h.address}): login: ${facts.reason}`,
              "Compare ssh.user and ssh.keyPath in Pulumi.yaml with /root/.ssh/authorized_keys there",
            ),
          ]
        : [];
    }
    return [
      ...(facts.tools.root
        ? []
        : [
            problem(
              `${h.name}: steps must run as root: they don't`,
              "Write `user: root` below ssh in Pulumi.yaml; or let that user become root by sudo without a password (docs/peace.md)",
            ),
          ]),
      ...(facts.tools.runtime
        ? []
        : [problem(`${h.name}: ${runtimeOn(h).daemon.name} must answer: it doesn't`, runtimeOn(h).daemon.restart)]),
    ];
  });
}

/** What `rights` found good. */
export const rightsWords = (topology: Pick<Topology, "installer">, hosts: Host[]): string =>
  `root, and ${[...new Set(hosts.map((h) => installerOf(topology).runtimeOn(h).daemon.name))].join(" and ")} answers`;

/**
 * Names are enough for RKE and for a rendering, not for an act: firewall rules, the API's endpoints and the search for what still
 * answers go by address.
 */
export const addressProblems = (hosts: Host[]): string[] =>
  hosts.flatMap((h) =>
    isIpv4(h.internalAddress)
      ? []
      : isIp(h.internalAddress)
        ? [
            problem(
              `${h.name}: internalAddress must be an IPv4 address for an act: ${JSON.stringify(h.internalAddress)}`,
              "Import and render know IPv6; an act would refuse the lost side at etcd's ports by rules for IPv4 alone",
            ),
          ]
        : [
            problem(
              `${h.name}: internalAddress must be an IPv4 address for an act: ${JSON.stringify(h.internalAddress)}`,
              "Write the address as internalAddress into Pulumi.yaml, and as internal_address into RKE's cluster.yml",
              "(certificates and etcd's URLs change by that: one restart, in peace)",
            ),
          ],
  );

export function tools(hosts: Host[], seen: Observation): string[] {
  return hosts.flatMap((h) => {
    const has = factsOf(seen, h)?.tools;
    if (!has) {
      return [];
    }
    return [
      ...(has.curl
        ? []
        : [
            problem(
              `${h.name}: curl must have --unix-socket (7.40 or later): it is missing or older`,
              "`apt-get install curl` there; CentOS 7 needs a newer curl than its own",
            ),
          ]),
      ...(has.flock ? [] : [problem(`${h.name}: flock must be there: missing`, "`apt-get install util-linux` there")]),
    ];
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
  const way =
    clocks.length > 1 && off.length === clocks.length && spread <= clockLimit
      ? "The hosts agree with each other: is your own clock right? `timedatectl set-ntp true` here"
      : "`chronyc makestep` or `timedatectl set-ntp true` there";
  return [
    ...off.map((c) =>
      problem(
        `${c.name}: its clock must be within ${seconds(clockLimit)} of the operator's: ${seconds(c.skew)} ${c.skew > 0 ? "ahead" : "behind"}`,
        way,
      ),
    ),
    ...(first && last && spread > clockLimit
      ? [
          problem(
            `${first.name} and ${last.name}: their clocks must be within ${seconds(clockLimit)} of each other: ${seconds(spread)} apart`,
            "`chronyc makestep` or `timedatectl set-ntp true` on both",
          ),
        ]
      : []),
  ];
}
