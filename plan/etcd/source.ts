import type { EtcdStatus, LogEnd } from "../facts/facts";
import type { Host } from "../topology/topology";

/** A member's data, or a snapshot, that a recovery can start from. */
export interface Source {
  kind: "voter" | "learner" | "snapshot";
  /** The host on which etcd will run. It has the data, too, unless `keptOn` says another one. */
  host: Host;
  /** Set for a snapshot on a host where no etcd can serve the API: the file is brought from there to `host`. */
  keptOn?: Host;
  /** Its name in the record and for the operator: the host's name for a member's data, the path for a snapshot. */
  name: string;
  etcd: EtcdStatus | undefined;
  /**
   * "Data as of T", Unix milliseconds: of the newest Lease in the source's data, or when a snapshot was taken; of a learner
   * that can't be asked when it last heard of a write.
   */
  dataAsOf: number | undefined;
  revision: number | undefined;
  /** Of a member, the end of its WAL; undefined if it wasn't asked for, as when no other member survives. */
  logEnd?: LogEnd | undefined;
  /** The input of a restore: `live`: a snapshot of the running etcd; `data`: its database file; else the snapshot's path. */
  take: "live" | "data" | string;
  /** If an earlier run of the act chose it: the revision that it must have at least. */
  least?: number;
  /** True for a file that there was no time to read during the look: step `source` reads it before anything is changed. */
  unread?: boolean;
  /** Why it can't be used, a short sentence each; empty if it can. */
  problems: string[];
}
