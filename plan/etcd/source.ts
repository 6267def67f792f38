import type { EtcdStatus } from "../facts/facts";
import type { Host } from "../topology/topology";

/** Something that a recovery can start from. */
export interface Source {
  kind: "voter" | "learner" | "snapshot";
  /** Where it lies, and where etcd will run. */
  host: Host;
  /** How the act, its record and the operator call it: the host's name for a member's own data. */
  name: string;
  etcd: EtcdStatus | undefined;
  /**
   * "Data as of T", Unix milliseconds: of the newest Lease in the source's data, or when a snapshot was taken; of a learner
   * that can't be asked when it last heard of a write.
   */
  dataAsOf: number | undefined;
  revision: number | undefined;
  /** Where a restore gets it: from the running etcd, from its database whatever etcd does, or a snapshot's path. */
  take: "live" | "data" | string;
  /** Of one that an act began with: the revision that it had to have. */
  least?: number;
  /** Whether it is a file for whose bytes there was no time: step source reads it before anything is changed. */
  unread?: boolean;
  /** Why it can't be taken, each a short sentence; empty: it can. */
  problems: string[];
}
