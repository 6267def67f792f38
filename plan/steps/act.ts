import type { Method } from "../etcd/recover";

/** A failover in one word without spaces: what a host is claimed for, and refuses another of the same epoch by. */
export const failoverAct = (lost: string, method: Method, source: string): string =>
  `failover:${lost}:${method}:${source}`;

/** The datacenter that a failover's act gave up; undefined if the act is none. */
export const lostBy = (act: string | undefined): string | undefined => /^failover:([^:]+):/.exec(act ?? "")?.[1];

/** Names of the hosts that an act's record says were given up besides the lost datacenter. */
export const leftOutIn = (record: Record<string, string>): string[] =>
  (record.leftOut ?? "").split(" ").filter((name) => name !== "");

/** The line of the record, none if there are no such hosts. */
export const leftOutLine = (hosts: { name: string }[]): string[] =>
  hosts.length > 0 ? [`leftOut=${hosts.map((h) => h.name).join(" ")}`] : [];
