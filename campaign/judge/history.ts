/** What happened in a run, as the judge reads it: one entry a line of JSON. All times are Unix milliseconds of the machine's clock. */

/** A client's attempt to write a key. Without an answer it may have been applied: it counts as not acknowledged. */
export interface Write {
  kind: "write";
  /** The attempt's begin. */
  at: number;
  endedAt: number;
  client: string;
  n: number;
  acknowledged: boolean;
  /** The datacenter of the API server that was asked. */
  side: string;
  /** etcd's revision of the write, if it was acknowledged. */
  revision?: number;
}

/** The keys that the cluster has, by an API server of a side. Keys are "CLIENT-NUMBER". */
export interface Present {
  kind: "present";
  at: number;
  side: string;
  keys: string[];
}

/** One thing that a watcher heard: a list, a change, that its revision is too old ("expired"), or that its connection ended. */
export interface Heard {
  kind: "heard";
  at: number;
  watcher: string;
  event: "list" | "add" | "delete" | "expired" | "end";
  revision?: number;
  /** The key of a change; those of a list. */
  keys?: string[];
}

/** A command that the operator ran. */
export interface Command {
  kind: "command";
  at: number;
  endedAt: number;
  stack: "primary" | "failover";
  epoch: number;
  verb: "up" | "preview" | "config" | "cancel";
  /** As typed. */
  line: string;
  code: number;
  /** All that it printed. */
  printed: string;
  /** True if it was killed, or its operator was cut off, by the run. */
  disturbed?: boolean;
  /** True if it must find nothing to do. */
  expectsNoChanges?: boolean;
  /** True if the run goes on only once this act has been ended. */
  mustEnd?: boolean;
}

/** An act that has ended well, as it reports itself. */
export interface Act {
  kind: "act";
  /** The begin of its first `up` that wasn't refused beforehand. */
  at: number;
  endedAt: number;
  type: "failover" | "failback";
  epoch: number;
  method?: string;
  source?: string;
  /** "data as of": the newest write that the recovered data may have. */
  dataAsOf?: number;
  /** Hosts that it gives up, or brings back. */
  hosts: string[];
}

/** etcd's member on a host, at a revision that all of one reading have in common. */
export interface MemberReading {
  kind: "member";
  at: number;
  /** Names the reading: members of one reading are compared. */
  reading: string;
  host: string;
  revision: number;
  compactRevision: number;
  /** hashkv at the revision, from its peer port. */
  hash: number;
  learner: boolean;
}

/** What lies on a host that nothing may delete: data, snapshots and containers, by an identity that a rename keeps. */
export interface Holding {
  kind: "holding";
  at: number;
  host: string;
  things: Record<string, string>;
}

export interface Power {
  kind: "power";
  at: number;
  host: string;
  on: boolean;
}

/** Nodes and etcd's members, by host name. */
export interface World {
  kind: "world";
  at: number;
  nodes: string[];
  members: string[];
}

/** A private key in clear, where none belongs. */
export interface Secret {
  kind: "secret";
  at: number;
  where: string;
}

/** The run did something to the world, or saw a moment come. A disaster's begins with "disaster: ". */
export interface Event {
  kind: "event";
  at: number;
  what: string;
}

/** The run couldn't go on. */
export interface Broken {
  kind: "broken";
  at: number;
  why: string;
}

export type Entry =
  | Write
  | Present
  | Heard
  | Command
  | Act
  | MemberReading
  | Holding
  | Power
  | World
  | Secret
  | Event
  | Broken;

/** A run's settings that the judge goes by. */
export interface Rules {
  /** The datacenter that is lost. */
  lost: string;
  returnGuard: "on" | "off";
}

export interface History {
  rules: Rules;
  /** By time. */
  entries: readonly Entry[];
}

export const ofKind = <K extends Entry["kind"]>(history: History, kind: K): Extract<Entry, { kind: K }>[] =>
  history.entries.filter((entry): entry is Extract<Entry, { kind: K }> => entry.kind === kind);
