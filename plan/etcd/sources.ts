import type { Reachable } from "../facts/facts";
import { factsOf, type Observation } from "../facts/observation";
import { fileProblems, type SourceFile } from "../facts/source-files";
import { controlPlane } from "../topology/order";
import type { Host } from "../topology/topology";
import type { Method, Recover } from "./recover";
import type { Source } from "./source";
import { hasBegun, remembered, resumed, vanishedSnapshot } from "./source-record";

/** The method for a source; without a source, the method that the operator's choice leads to. */
export function methodFor(source: Source | undefined, recover: Recover): Method {
  const forcible = source ? source.kind === "voter" : ["auto", "voter"].includes(recover.from);
  return forcible ? (recover.method ?? "forceNewCluster") : "restore";
}

/** All sources, best first, and the one that the recovery starts from. */
export interface Choice {
  source: Source | undefined;
  sources: Source[];
}

/**
 * All surviving sources. First the usable ones, newest first, a member before a snapshot of the same revision; then the others with the
 * reason. Chosen is the source that an earlier run of this act has recorded, else the first usable one that matches `rke-dr:recover`.
 *
 * @param left the surviving hosts; if several members are equally new, that of the first host is chosen
 * @param refusals why a source can't be used, as far as other hosts decide that
 */
export function chooseSource(
  settings: Recover & { epoch: number },
  seen: Observation,
  left: Host[],
  refusals: (source: Source) => string[] = () => [],
): Choice {
  const beginner = left.find((h) => hasBegun(seen, h, settings.epoch));
  const recorded = beginner && factsOf(seen, beginner)?.plan;
  const restorer = controlPlane(left).find((h) => factsOf(seen, h));
  const found = left
    .flatMap((host) => sourcesOf(host, factsOf(seen, host), restorer, settings.epoch))
    .map((s) => remembered(s, seen))
    .map((s) => ({ ...s, problems: [...s.problems, ...refusals(s)] }));
  const rankOf = ranking(found);
  const all = [
    ...found,
    ...(beginner && recorded && !found.some((s) => s.name === recorded.source)
      ? vanishedSnapshot(beginner, recorded)
      : []),
  ]
    .map((source) => (recorded?.source === source.name ? resumed(source, recorded) : source))
    .sort(
      (a, b) =>
        Math.sign(a.problems.length) - Math.sign(b.problems.length) ||
        rankOf(b) - rankOf(a) ||
        compareLogs(b, a) ||
        Number(a.kind === "snapshot") - Number(b.kind === "snapshot"),
    );
  const source =
    all.find((s) => recorded?.source === s.name) ??
    all.find((s) => s.problems.length === 0 && matchesSelection(s, settings.from));
  return { source, sources: source ? [source, ...all.filter((s) => s !== source)] : all };
}

/**
 * How sources rank, as numbers. Members rank by the ends of their WALs, whatever their revisions: a member that hasn't applied what its
 * WAL has reports an old one. So a member ranks at least as high as each member whose WAL ends earlier.
 */
function ranking(found: Source[]): (source: Source) => number {
  return (source) => {
    const older = found.filter((s) => s.problems.length === 0 && logOf(s) !== undefined && compareLogs(s, source) < 0);
    return Math.max(rank(source, found), ...older.map((s) => rank(s, found)));
  };
}

const logOf = ({ logEnd }: Source): { term: number; index: number } | undefined =>
  logEnd && "term" in logEnd ? logEnd : undefined;

/** Below 0 if the WAL of `a` ends before that of `b`: by term, then by index. An unknown end comes before all others. */
export function compareLogs(a: Source, b: Source): number {
  const [first, second] = [a, b].map((s) => logOf(s) ?? { term: -1, index: -1 });
  return first && second ? first.term - second.term || first.index - second.index : 0;
}

/**
 * Sources rank by revision. A member whose etcd doesn't answer has no known revision: it most likely followed until the disaster, so it
 * ranks above every snapshot but those that were taken after its last write. If the end of its WAL isn't known either, it ranks below
 * members of which something is known.
 */
function rank(source: Source, all: Source[]): number {
  const { revision, kind, dataAsOf } = source;
  if (revision !== undefined || kind === "snapshot") {
    return revision ?? -1;
  }
  const isKnown = (s: Source) =>
    s.kind !== "snapshot" && s.problems.length === 0 && (s.revision !== undefined || logOf(s));
  if (logOf(source) === undefined && all.some(isKnown)) {
    return -0.5;
  }
  const newer = all.filter(
    (s) =>
      s.kind === "snapshot" && s.problems.length === 0 && (s.dataAsOf ?? 0) > (dataAsOf ?? Number.POSITIVE_INFINITY),
  );
  return Math.min(Number.MAX_SAFE_INTEGER, ...newer.map((s) => (s.revision ?? 0) - 0.5));
}

/**
 * The sources on a host, its member's data first.
 * @param restorer the control plane host on which a snapshot of a host without a control plane is restored
 */
function sourcesOf(host: Host, facts: Reachable | undefined, restorer: Host | undefined, epoch: number): Source[] {
  return [
    ...(host.etcd === "none" ? [] : [memberSource(host, host.etcd, facts)]),
    ...(facts?.files ?? [])
      .filter((file) => file.state !== "missing")
      .map((file) => fileSource(host, file, facts, restorer, epoch)),
  ];
}

function fileSource(
  keeper: Host,
  file: SourceFile,
  facts: Reachable | undefined,
  restorer: Host | undefined,
  epoch: number,
): Source {
  const isBrought = restorer !== undefined && !keeper.roles.includes("controlplane");
  return {
    kind: "snapshot",
    host: isBrought ? restorer : keeper,
    ...(isBrought ? { keptOn: keeper } : {}),
    name: file.path,
    etcd: undefined,
    dataAsOf: file.takenAt,
    // another cluster's revision can't be compared with ours
    revision: file.state === "foreign" ? undefined : file.revision,
    take: isBrought ? broughtFile(epoch) : file.path,
    ...(file.state === "unread" ? { unread: true } : {}),
    problems: fileProblems(file, facts?.cluster),
  };
}

/** The place of a snapshot that was brought from another host: on-host/steps/snapshot-bring.sh puts it there. */
const broughtFile = (epoch: number): string => `/var/lib/rke-dr/epoch-${epoch}/brought.db`;

function memberSource(host: Host, part: "voter" | "learner", facts: Reachable | undefined): Source {
  // etcd's own answer counts, not the topology: a voter-to-be that isn't promoted yet can't be forced either
  const kind = facts?.etcd?.learner ? ("learner" as const) : part;
  const source = {
    kind,
    host,
    name: host.name,
    etcd: facts?.etcd,
    // a voter without quorum writes to its WAL at each election that it loses
    dataAsOf: facts?.newestLease ?? (kind === "learner" ? lastHeard(facts) : undefined),
    revision: facts?.etcd?.revision ?? facts?.preflight.databaseRevision,
    logEnd: facts?.logEnd,
    take: kind === "learner" && refusesSnapshots(facts?.etcd?.version) ? "data" : "live",
    problems: [],
  };
  if (source.revision !== undefined && source.revision <= 1) {
    return { ...source, problems: [`it has not followed the voters yet: its revision is ${source.revision}`] };
  }
  return { ...source, problems: memberProblems(facts) };
}

/**
 * Time of a learner's last write to its WAL; undefined if that may be etcd's own start, which writes to the WAL, too (wal.ReadAll
 * overwrites what follows the last entry).
 */
function lastHeard(facts: Reachable | undefined): number | undefined {
  const startedAt = Date.parse(facts?.processes.etcd?.startedAt ?? "");
  const written = facts?.etcdWritten;
  return written !== undefined && written > startedAt + startLimit ? written : undefined;
}

/** Milliseconds within which a starting etcd has opened its data. */
const startLimit = 10_000;

function memberProblems(facts: Reachable | undefined): string[] {
  if (!facts) {
    return [];
  }
  const { database } = facts.preflight;
  // a database that was read to its end can be restored, even if etcd panics on something else
  const panics = !facts.etcd && database === undefined && /panic/i.test(facts.etcdLog);
  return [
    ...(!facts.etcd && facts.etcdBytes === 0 ? ["it has no etcd data in /var/lib/etcd/member"] : []),
    ...(!facts.etcd && typeof database === "object"
      ? [`etcd's database must be readable, \`etcdctl snapshot status\` says: ${database.unreadable}`]
      : []),
    ...(panics ? [`its etcd ends with a panic: ${facts.etcdLog}`] : []),
    ...(facts.etcd?.complaints?.some((words) => words.includes("CORRUPT"))
      ? ["etcd's data must be sound, etcd raises the alarm CORRUPT"]
      : []),
  ];
}

/**
 * The least revision that a chosen member must turn out to have if its etcd doesn't answer: with less than the newest snapshot's, that
 * snapshot is the better source. 0: no check.
 */
export function leastRevision({
  source,
  sources,
  settings,
}: {
  source?: Source | undefined;
  sources: Source[];
  settings: Recover;
}): number {
  if (source?.least !== undefined) {
    return source.least;
  }
  if (source === undefined || source.kind === "snapshot" || source.revision !== undefined || settings.from !== "auto") {
    return 0;
  }
  return Math.max(0, ...sources.filter((s) => s.problems.length === 0).map((s) => s.revision ?? 0));
}

/** Before 3.5 a learner gives no live snapshot, and etcdctl waits for one in vain (etcdserver/api/v3rpc/interceptor.go). */
const refusesSnapshots = (version: string | undefined): boolean => version === undefined || /^3\.[0-4]\./.test(version);

/** True if the operator chose this source or its kind, or left the choice to the program (`auto`). */
export function matchesSelection(source: Source, from: string): boolean {
  return from === "auto" || from === source.kind || from === source.name;
}
