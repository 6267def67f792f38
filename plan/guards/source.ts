import type { FailoverPlan } from "../acts/failover/plan";
import { majorityProblem, majorityWithout } from "../etcd/quorum";
import type { Source } from "../etcd/source";
import { compareLogs, matchesSelection } from "../etcd/sources";
import { factsOf, type Observation } from "../facts/observation";
import { survivors } from "../topology/order";
import type { Host, Topology } from "../topology/topology";
import { list, type Verdict, verdict } from "./verdict";

/** A cluster that has quorum needs no recovery, and forcing one would throw the other members out. */
export function quorum(topology: Topology, plan: FailoverPlan, seen: Observation): Verdict {
  const { words } = majorityWithout(topology, plan.settings.lost);
  const alive = plan.sources.find((s) => s.etcd?.quorum);
  const kept = majorityProblem(topology, plan.settings.lost, plan.sources, seen);
  const problems: string[] = [];
  if (kept !== undefined) {
    problems.push(kept);
  } else if (alive && !plan.resumed) {
    problems.push(`${alive.host.name}'s etcd answers a linearizable read: the cluster still has quorum`);
  }
  return verdict("quorum is lost", problems, plan.resumed ? `${words}; this act has begun already` : words);
}

export function sourceProblems(topology: Topology, plan: FailoverPlan): string[] {
  const { source, sources, settings } = plan;
  const left = survivors(topology, settings.lost);
  if (!source) {
    const refused = sources.filter((s) => matchesSelection(s, settings.from)).map(refusal);
    const rest = sources.find((s) => s.problems.length === 0);
    return [
      refused.length > 0 ? refused.join("; ") : nothingSelected(plan, left),
      ...(rest
        ? [`next best: ${called(rest)} (recover: {from: ${rest.name}})${lackOf(rest, plan)}${lossOf(rest)}`]
        : []),
    ];
  }
  return [];
}

function nothingSelected({ settings }: FailoverPlan, left: Host[]): string {
  return settings.from === "auto"
    ? `nothing to recover from survives the loss of ${settings.lost}: no voter, no learner, and no snapshot on ${list(left)}`
    : `rke-dr:recover.from: nothing of that name or kind survives the loss of ${settings.lost}: "${settings.from}"`;
}

export function sourceWords(plan: FailoverPlan): string {
  const { source, sources, settings } = plan;
  if (!source) {
    return "none";
  }
  const state =
    source.revision !== undefined ? `revision ${source.revision}` : "its etcd doesn't answer, its data folder is taken";
  // NOSPACE doesn't stop the act: only a cluster with quorum can free space, and on-host/lib/etcd/space.sh does so afterwards
  const full = source.etcd?.complaints?.some((words) => words.includes("NOSPACE"))
    ? "; its space is used up (alarm NOSPACE): its history is compacted, it is defragmented, the alarm disarmed"
    : "";
  // refused snapshots stand in the table of sources; refused members are repeated here, because they may have newer data
  const refused = sources.filter(
    (s) => s.problems.length > 0 && s.kind !== "snapshot" && matchesSelection(s, settings.from),
  );
  return [`${called(source)}: ${state}${lackOf(source, plan)}${lossOf(source)}${full}`, ...refused.map(refusal)].join(
    "; ",
  );
}

const refusal = (source: Source): string => `${called(source)} is refused: ${source.problems.join(", ")}`;
const called = (source: Source): string =>
  source.kind === "snapshot"
    ? `snapshot ${source.name} on ${source.host.name}`
    : `${source.host.name}, a ${source.kind}`;

/** Only for a snapshot: how many writes a member lacks can't be known without the lost voters. */
const lossOf = ({ kind, dataAsOf }: Source): string =>
  kind === "snapshot" && dataAsOf !== undefined
    ? `; what was written after ${new Date(dataAsOf).toISOString()} is lost`
    : "";

/** How far the chosen source is behind the newest known one, in revisions and seconds. */
function lackOf(source: Source, { sources }: FailoverPlan): string {
  const lack = (value: (s: Source) => number | undefined) => {
    const newest = Math.max(...sources.map((s) => value(s) ?? 0));
    return value(source) === undefined ? 0 : newest - (value(source) ?? 0);
  };
  const revisions = lack((s) => s.revision);
  const seconds = Math.round(lack((s) => s.dataAsOf) / 1000);
  const longer = sources.find((s) => s.problems.length === 0 && isShorter(source, s));
  return [
    ...(revisions > 0 || seconds > 0 ? [`, ${revisions} revisions and ${seconds} s behind the newest source`] : []),
    ...(longer ? [`; ${longer.host.name} has entries that its WAL lacks`] : []),
  ].join("");
}

/** True if both are members and the WAL of `a` ends before that of `b`. */
const isShorter = (a: Source, b: Source): boolean =>
  a.kind !== "snapshot" && b.kind !== "snapshot" && a.logEnd !== undefined && compareLogs(a, b) < 0;

/**
 * The act needs room for a snapshot and for the data made from it, or for one copy of the data: twice the larger is always enough. A member
 * that joins anew gets the whole data beside its old data.
 */
export function diskProblems(plan: FailoverPlan, seen: Observation): string[] {
  return [
    ...sourceDiskProblems(plan, seen),
    ...plan.others.flatMap((host) => {
      const facts = factsOf(seen, host);
      const joined = facts?.steps["etcd-join"]?.epoch === plan.settings.epoch;
      return facts && !joined ? room(host, facts.freeBytes, facts.etcdBytes) : [];
    }),
  ];
}

function sourceDiskProblems(plan: FailoverPlan, seen: Observation): string[] {
  const host = plan.source?.host;
  const facts = host && factsOf(seen, host);
  if (!facts || plan.resumed) {
    return [];
  }
  const snapshot = facts.files.find((file) => file.path === plan.source?.take);
  return room(host, facts.freeBytes, 2 * Math.max(facts.etcdBytes, snapshot?.bytes ?? 0));
}

const room = (host: Host, free: number, needed: number): string[] =>
  free >= needed ? [] : [`${host.name}: ${free} bytes are free below /var/lib, ${needed} are needed`];
