import type { Reachable } from "../facts/facts";
import { factsOf, type Observation } from "../facts/observation";
import { fileProblems, type SourceFile } from "../facts/source-files";
import type { Host } from "../topology/topology";
import type { Method, Recover } from "./recover";
import type { Source } from "./source";
import { hasBegun, remembered, resumed, vanishedSnapshot } from "./source-record";

/** Which of the methods a source is recovered by; where none can be taken, what the operator's words come to. */
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
 * Everything that survived and could be recovered from: what can be taken first, by revision, a living member before a
 * snapshot of the same revision; then what can't, with the reason. Chosen is what an earlier run of this act has recorded,
 * else the first that the operator means.
 *
 * @param left the surviving hosts
 */
export function chooseSource(settings: Recover & { epoch: number }, seen: Observation, left: Host[]): Choice {
  const beginner = left.find((h) => hasBegun(seen, h, settings.epoch));
  const recorded = beginner && factsOf(seen, beginner)?.plan;
  const found = left.flatMap((host) => sourcesOf(host, factsOf(seen, host))).map((s) => remembered(s, seen));
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
        rank(b, found) - rank(a, found) ||
        Number(a.kind === "snapshot") - Number(b.kind === "snapshot"),
    );
  const source =
    all.find((s) => recorded?.source === s.name) ??
    all.find((s) => s.problems.length === 0 && matchesSelection(s, settings.from));
  return { source, sources: source ? [source, ...all.filter((s) => s !== source)] : all };
}

/**
 * Revisions compare. A member whose etcd can't be asked has followed until the disaster, in all likelihood: newer than any
 * snapshot but those that were taken after it last heard of a write.
 */
function rank({ revision, kind, dataAsOf }: Source, all: Source[]): number {
  if (revision !== undefined || kind === "snapshot") {
    return revision ?? -1;
  }
  const newer = all.filter(
    (s) =>
      s.kind === "snapshot" && s.problems.length === 0 && (s.dataAsOf ?? 0) > (dataAsOf ?? Number.POSITIVE_INFINITY),
  );
  return Math.min(Number.MAX_SAFE_INTEGER, ...newer.map((s) => (s.revision ?? 0) - 0.5));
}

/** What a host holds, members' data first. */
function sourcesOf(host: Host, facts: Reachable | undefined): Source[] {
  return [
    ...(host.etcd === "none" ? [] : [memberSource(host, host.etcd, facts)]),
    ...(facts?.files ?? []).filter((file) => file.state !== "missing").map((file) => fileSource(host, file, facts)),
  ];
}

function fileSource(host: Host, file: SourceFile, facts: Reachable | undefined): Source {
  return {
    kind: "snapshot",
    host,
    name: file.path,
    etcd: undefined,
    dataAsOf: file.takenAt,
    // another cluster's revisions compare with nothing
    revision: file.state === "foreign" ? undefined : file.revision,
    take: file.path,
    ...(file.state === "unread" ? { unread: true } : {}),
    problems: [
      ...fileProblems(file, facts?.cluster),
      ...(host.roles.includes("controlplane")
        ? []
        : [`${host.name} is no control plane host: copy it to one and name it there`]),
    ],
  };
}

function memberSource(host: Host, part: "voter" | "learner", facts: Reachable | undefined): Source {
  // what runs counts: a voter-to-be that was not promoted yet can't be forced either
  const kind = facts?.etcd?.learner ? ("learner" as const) : part;
  const source = {
    kind,
    host,
    name: host.name,
    etcd: facts?.etcd,
    // a voter without quorum writes to its WAL at each election that it loses
    dataAsOf: facts?.newestLease ?? (kind === "learner" ? lastHeard(facts) : undefined),
    revision: facts?.etcd?.revision ?? facts?.preflight.databaseRevision,
    take: kind === "learner" && refusesSnapshots(facts?.etcd?.version) ? "data" : "live",
    problems: [],
  };
  if (source.revision !== undefined && source.revision <= 1) {
    return { ...source, problems: [`it has not followed the voters yet: its revision is ${source.revision}`] };
  }
  return { ...source, problems: memberProblems(facts) };
}

/** etcd writes to its WAL at its start, too (wal.ReadAll overwrites what follows the last entry), whatever it has heard. */
function lastHeard(facts: Reachable | undefined): number | undefined {
  const startedAt = Date.parse(facts?.processes.etcd?.startedAt ?? "");
  const written = facts?.etcdWritten;
  return written !== undefined && written > startedAt + startLimit ? written : undefined;
}

/** Milliseconds after which an etcd has its data open. */
const startLimit = 10_000;

function memberProblems(facts: Reachable | undefined): string[] {
  if (!facts) {
    return [];
  }
  const { database } = facts.preflight;
  // what was read whole can be restored, whatever else etcd stumbles at
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
 * What a member must have that was taken without asking it, because it can't be asked: less than the newest snapshot, and
 * that is the better source. 0: nothing is asked.
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

/** Whether the operator named this source, or its kind, or none. */
export function matchesSelection(source: Source, from: string): boolean {
  return from === "auto" || from === source.kind || from === source.name;
}
