import type { EtcdStatus, Member, Reachable } from "../facts/facts";
import { factsOf, type Observation } from "../facts/observation";
import { isRunning, type Running } from "../runtimes/running";
import { clusterOrder, learner, voters } from "../topology/order";
import type { Host, Topology } from "../topology/topology";
import { peerUrl } from "./urls";

/**
 * A learner further behind the voters than this counts as lagging. Controllers renew a Lease every 2 s, and hosts are looked at some
 * seconds apart: 15 s is more than both. 5000 entries are what etcd keeps for slow followers behind a snapshot
 * (etcdserver/server.go DefaultSnapshotCatchUpEntries): a learner further behind needs the whole database again.
 */
export const lagLimit = { revisions: 5000, seconds: 15 };

/** A member's condition; each but `well` and `unseen` has a repair of its own. */
export type Condition =
  | "well"
  | "unseen"
  | "missing"
  | "never started"
  | "stopped"
  | "silent"
  | "corrupt"
  | "unpromoted"
  | "outdated"
  | "lagging";

/** A host's etcd as it was seen. */
export interface MemberState {
  host: Host;
  wanted: "voter" | "learner";
  condition: Condition;
  /** The finding, in words for the operator. */
  found: string;
  etcd: EtcdStatus | undefined;
  /** How far it is behind the voters; undefined if there is nothing to compare. */
  lag: { revisions: number; seconds: number | undefined } | undefined;
}

export interface Membership {
  members: MemberState[];
  /** True if a voter answered a linearizable read. */
  quorum: boolean;
  /** All members, as a voter with quorum lists them; empty without quorum. */
  listed: Member[];
  /** Those that the topology doesn't name. */
  strangers: Member[];
}

/** What tells of damaged data in the line with which etcd ended: a panic, a WAL's checksum, the check at the start (server/etcdserver/corrupt.go). */
const damage = /panic|fatal error: |corrupt|crc mismatch|data inconsistency/i;

/**
 * The members of etcd, and the condition of each, as the hosts reported them.
 * @param learnerDiffers lines "- planned" and "+ found" for a learner's process; but for what `voterDiffers` compares, a voter's is the installer's affair
 * @param isTrusted if a host's report on the cluster counts: hosts that return may report a cluster of their own
 */
export function membership(
  topology: Topology,
  seen: Observation,
  learnerDiffers: (host: Host, architecture: string, found: Running) => string[],
  isTrusted: (host: Host) => boolean = () => true,
  voterDiffers: (found: Running) => string[] = () => [],
): Membership {
  const hosts = clusterOrder(topology);
  // after a failover a host may vote that the topology has as a learner
  const quorumHosts = hosts.filter((h) => isTrusted(h) && factsOf(seen, h)?.etcd?.quorum);
  const lister = quorumHosts.map((h) => factsOf(seen, h)).find((f) => f && f.members.length > 0);
  const listed = lister?.members ?? [];
  const standing = learner(hosts);
  const members = [...voters(hosts), ...(standing ? [standing] : [])];
  return {
    members: members.map((host) => {
      const architecture = factsOf(seen, host)?.architecture || "x86_64";
      const differs = (found: Running) =>
        host.etcd === "learner" ? learnerDiffers(host, architecture, found) : voterDiffers(found);
      return stateOf(host, quorumHosts, listed, differs, seen);
    }),
    quorum: lister !== undefined,
    listed,
    strangers: listed.filter((m) => !members.some((h) => m.peerUrls.includes(peerUrl(h)))),
  };
}

/** Members that `up` would repair; none without quorum, because etcd then refuses to change members. */
export const broken = (m: Membership): MemberState[] =>
  m.quorum ? m.members.filter((s) => s.condition !== "well" && s.condition !== "unseen") : [];

/** @param differs lines in which the process isn't as planned */
function stateOf(
  host: Host,
  quorumHosts: Host[],
  listed: Member[],
  differs: (found: Running) => string[],
  seen: Observation,
): MemberState {
  const wanted = host.etcd === "learner" ? "learner" : "voter";
  const facts = factsOf(seen, host);
  const state = { host, wanted, etcd: facts?.etcd, lag: facts && lagOf(host, facts, quorumHosts, seen) } as const;
  const is = (condition: Condition, found: string): MemberState => ({ ...state, condition, found });
  if (!facts) {
    return is("unseen", "can't be reached");
  }
  if (listed.length === 0) {
    return is(
      "unseen",
      facts.etcd ? "answers, without quorum" : "no voter with quorum answers, so its state isn't known",
    );
  }
  const member = listed.find((m) => m.peerUrls.includes(peerUrl(host)));
  const running = facts.processes.etcd;
  const log = facts.etcdLog === "" ? "" : `: ${facts.etcdLog}`;
  if (!member) {
    return is("missing", "is no member of etcd");
  }
  const alarm = facts.etcd?.complaints?.find((e) => e.includes("CORRUPT"));
  if (alarm !== undefined || damage.test(facts.etcdLog)) {
    return is("corrupt", `its data is damaged${alarm === undefined ? log : `: ${alarm}`}`);
  }
  if (!member.started) {
    return is("never started", "was added to etcd and never started");
  }
  if (!running) {
    return is("stopped", "etcd doesn't run: it isn't on the host");
  }
  if (!isRunning(running)) {
    return is("stopped", `etcd doesn't run: ${running.status}${log}`);
  }
  if (!facts.etcd) {
    return is("silent", `etcd runs, but doesn't answer${log}`);
  }
  if (wanted === "voter" && !facts.etcd.quorum) {
    return is("silent", "sees no quorum, which others have");
  }
  if (wanted === "voter" && member.learner) {
    return is("unpromoted", "is still a learner");
  }
  if (wanted === "learner" && !member.learner) {
    return is("missing", "is a voter; the topology wants a learner");
  }
  const differences = differs(running);
  if (differences.length > 0) {
    return is("outdated", `etcd doesn't run as planned (- planned, + running): ${differences.join(" ")}`);
  }
  const { lag } = state;
  if (wanted === "learner" && lag && (lag.revisions > lagLimit.revisions || (lag.seconds ?? 0) > lagLimit.seconds)) {
    return is(
      "lagging",
      `${behind(lag)}; more than ${lagLimit.revisions} revisions or ${lagLimit.seconds} s is too far`,
    );
  }
  return is("well", wanted === "learner" && lag ? behind(lag) : "healthy");
}

function lagOf(host: Host, facts: Reachable, quorumHosts: Host[], seen: Observation): MemberState["lag"] {
  const own = facts.etcd?.revision;
  const others = quorumHosts.filter((h) => h.name !== host.name).map((h) => factsOf(seen, h));
  const revisions = others.map((f) => f?.etcd?.revision ?? 0);
  const leases = others.flatMap((f) => f?.newestLease ?? []);
  if (own === undefined || revisions.length === 0) {
    return undefined;
  }
  return {
    // hosts are looked at at slightly different times, so a healthy host's revision may be above the voters'
    revisions: Math.max(0, Math.max(...revisions) - own),
    seconds:
      facts.newestLease === undefined || leases.length === 0
        ? undefined
        : Math.max(0, (Math.max(...leases) - facts.newestLease) / 1000),
  };
}

const behind = (lag: NonNullable<MemberState["lag"]>): string =>
  `${lag.revisions} revisions${lag.seconds === undefined ? "" : ` and ${lag.seconds.toFixed(1)} s`} behind`;
