import type { Method } from "../etcd/recover";

/** A failover in one word without spaces: what a host is claimed for, and refuses another of the same epoch by. */
export const failoverAct = (lost: string, method: Method, source: string): string =>
  `failover:${lost}:${method}:${source}`;

/** The datacenter that a failover's act gave up; undefined if the act is none. */
export const lostBy = (act: string | undefined): string | undefined => /^failover:([^:]+):/.exec(act ?? "")?.[1];
