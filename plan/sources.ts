import type { EtcdStatus, Reachable } from "./facts";
import { factsOf, type Observation } from "./observation";
import type { Method, Recover } from "./recover";
import type { Host } from "./topology";

/** Something that a recovery can start from. */
export interface Source {
  kind: "voter" | "learner" | "snapshot";
  /** Where it lies, and where etcd will run. */
  host: Host;
  /** How the act, its record and the operator call it: the host's name for a member's own data. */
  name: string;
  etcd: EtcdStatus | undefined;
  /** Unix milliseconds of the newest Lease in the source's data: "data as of T". */
  dataAsOf: number | undefined;
  revision: number | undefined;
  /** Why it can't be taken, each a short sentence; empty: it can. */
  problems: string[];
}

/** Which of the methods a source is recovered by. */
export function methodFor(source: Source | undefined, recover: Recover): Method {
  return source === undefined || source.kind === "voter" ? (recover.method ?? "forceNewCluster") : "restore";
}

/** Whether an earlier run of this epoch's act has set the old etcd aside on the host. */
export function hasBegun(seen: Observation, host: Host, epoch: number): boolean {
  const facts = factsOf(seen, host);
  return (
    facts?.containers[`etcd-before-epoch-${epoch}`] !== undefined ||
    facts?.plan.begun === "yes" ||
    ["etcd-member", "etcd-restore"].some((step) => facts?.steps[step]?.epoch === epoch)
  );
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
  const recorded = left.filter((h) => hasBegun(seen, h, settings.epoch)).map((h) => factsOf(seen, h)?.plan ?? {})[0];
  const all = left
    .flatMap((host) => sourcesOf(host, factsOf(seen, host)))
    .map((source) => (recorded?.source === source.name ? resumed(source, recorded) : source))
    .sort(
      (a, b) =>
        Math.sign(a.problems.length) - Math.sign(b.problems.length) ||
        (b.revision ?? -1) - (a.revision ?? -1) ||
        Number(a.kind === "snapshot") - Number(b.kind === "snapshot"),
    );
  const source =
    all.find((s) => recorded?.source === s.name) ??
    all.find((s) => s.problems.length === 0 && isMeant(s, settings.from));
  return { source, sources: source ? [source, ...all.filter((s) => s !== source)] : all };
}

/** What a host holds, members' data first. */
function sourcesOf(host: Host, facts: Reachable | undefined): Source[] {
  return host.etcd === "none" ? [] : [memberSource(host, host.etcd, facts)];
}

function memberSource(host: Host, kind: "voter" | "learner", facts: Reachable | undefined): Source {
  const source = {
    kind,
    host,
    name: host.name,
    etcd: facts?.etcd,
    dataAsOf: facts?.newestLease,
    revision: facts?.etcd?.revision,
    problems: [],
  };
  if (kind === "learner") {
    return { ...source, problems: ["recovery from a learner is not built yet"] };
  }
  return { ...source, problems: memberProblems(facts) };
}

function memberProblems(facts: Reachable | undefined): string[] {
  const database = facts?.preflight.database;
  if (!facts) {
    return [];
  }
  return [
    ...(!facts.etcd && facts.etcdBytes === 0 ? ["it has no etcd data in /var/lib/etcd/member"] : []),
    ...(!facts.etcd && typeof database === "object"
      ? [`etcd's database must be readable, \`etcdctl snapshot status\` says: ${database.unreadable}`]
      : []),
    ...(facts.etcd?.complaints?.some((words) => words.includes("CORRUPT"))
      ? ["etcd's data must be sound, etcd raises the alarm CORRUPT"]
      : []),
  ];
}

/** Whether the operator named this source, or its kind, or none. */
export function isMeant(source: Source, from: string): boolean {
  return from === "auto" || from === source.kind || from === source.name;
}

/** The source as the act found it when it began: by now its data is the new cluster's. */
function resumed(source: Source, record: Record<string, string>): Source {
  const known = (text: string | undefined) => (text ? Number(text) : undefined);
  return { ...source, dataAsOf: known(record.dataAsOf), revision: known(record.revision), problems: [] };
}
