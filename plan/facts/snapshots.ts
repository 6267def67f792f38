/** A complete snapshot, as NAME.json beside NAME.db describes it; on-host/resident/snapshots/take.sh writes NAME.json last. */
export interface Snapshot {
  /** etcd-HOST-YYYYMMDDTHHMMSSZ */
  name: string;
  /** When it was begun, by the clock of the host that keeps it; Unix milliseconds. */
  takenAt: number;
  /** The voter that gave it. */
  host: string;
  /** The cluster's name in the topology. */
  cluster: string;
  revision: number;
  bytes: number;
  /** The hash that `etcdctl snapshot status` prints. */
  hash: number;
  /** Of NAME.db, in hex. */
  sha256: string;
  etcdVersion: string;
  /** etcd's own, decimal. */
  clusterId: string;
  /** The cluster's epoch when it was taken. */
  epoch: number;
}

/** How the last run of the schedule ended. */
export type SnapshotRun = { at: number; ok: true; name: string } | { at: number; ok: false; reason: string };

/** The scheduled snapshots of one host. */
export interface SnapshotFacts {
  /** Seconds between snapshots; 0 if the schedule was ended. */
  every: number;
  /** Newest first. Each file is there in full length; its content was not read. */
  kept: Snapshot[];
  /** Names that don't count: the file is gone, has another length, or was found damaged. */
  damaged: string[];
  lastRun: SnapshotRun | undefined;
}

/** The folder of scheduled snapshots on each deploy host. */
export const snapshotDir = "/var/lib/rke-dr/snapshots";

/** Reads the section `snapshots` of on-host/look/facts.sh; undefined if the host has no snapshot and never had a schedule. */
export function parseSnapshots(text: string | undefined): SnapshotFacts | undefined {
  const lines = (text ?? "").split("\n").filter((line) => line !== "");
  const of = (key: string) =>
    lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
  const every = Number(of("every")[0] ?? Number.NaN);
  const kept = of("snapshot").flatMap((line) => {
    const at = line.indexOf(" ");
    const content = json<Omit<Snapshot, "name">>(line.slice(at + 1));
    return content ? [{ name: line.slice(0, at), ...content }] : [];
  });
  const unreadable = of("snapshot")
    .map((line) => line.slice(0, line.indexOf(" ")))
    .filter((name) => !kept.some((s) => s.name === name));
  if (Number.isNaN(every) && kept.length === 0) {
    return undefined;
  }
  const run = json<SnapshotRun>(of("status")[0] ?? "");
  return {
    every: every || 0,
    kept: kept.sort((a, b) => b.takenAt - a.takenAt),
    damaged: [...of("damaged"), ...unreadable],
    lastRun: run?.at === undefined ? undefined : run,
  };
}

function json<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
