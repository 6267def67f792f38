import type { FailoverPlan } from "../acts/failover/plan";
import type { Source } from "../etcd/source";

/** All sources, one line each; the chosen one is marked. */
export function describeSources({ sources, source: chosen }: FailoverPlan, now: number): string[] {
  return sources.map((source) => {
    const data =
      source.dataAsOf === undefined
        ? "age unknown"
        : `data as of ${new Date(source.dataAsOf).toISOString()} (${age(now - source.dataAsOf)} ago)`;
    const revision = [`revision ${source.revision ?? "unknown"}`, ...logWords(source)].join(", ");
    return `  ${source === chosen ? "->" : "  "} ${titled(source)}, ${revision}, ${data}; ${[...source.problems.map((p) => `REFUSED: ${p}`), state(source)].join("; ")}`;
  });
}

/** The end of a member's WAL, by which members are compared if several survive. */
function logWords({ logEnd }: Source): string[] {
  if (logEnd === undefined) {
    return [];
  }
  return "term" in logEnd
    ? [`its WAL ends at term ${logEnd.term}, index ${logEnd.index}`]
    : [`the end of its WAL isn't known (${logEnd.unreadable})`];
}

const titled = (source: Source): string =>
  source.kind === "snapshot"
    ? `${(source.keptOn ?? source.host).name}: snapshot ${source.name}${source.keptOn ? ` (restored on ${source.host.name})` : ""}`
    : `${source.host.name}: ${source.kind}`;

function state(source: Source): string {
  if (source.kind === "snapshot") {
    return source.unread
      ? "a file that was not read in the time for a look: step source reads it whole before anything but the epoch is changed"
      : "a file";
  }
  return source.etcd
    ? `etcd ${source.etcd.version}, ${source.etcd.quorum ? "has quorum" : "no quorum"}, ${source.etcd.dbBytes} bytes`
    : "etcd doesn't answer";
}

function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
