import type { ActReport } from "./act-report";
import { duration } from "./words";

/**
 * What became of a cluster when a datacenter was lost.
 * Of a preview: `ready` (no guard stops `up`), `waits` (only the operator's words are missing), `stopped` (a guard stops `up`).
 * Of a failover: `finished`, `failed`, `refused` (a guard stopped it; nothing was changed), `cancelled`, `not begun`.
 * Of both: `over` (this failover has ended before), `not needed` (a majority of etcd's voters survives), `not hit` (it has no host there), `unknown`.
 */
export type ClusterOutcome =
  | "ready"
  | "waits"
  | "stopped"
  | "finished"
  | "failed"
  | "refused"
  | "cancelled"
  | "not begun"
  | "over"
  | "not needed"
  | "not hit"
  | "unknown";

export interface ClusterLine {
  /** NAME of the stack NAME-failover. */
  cluster: string;
  outcome: ClusterOutcome;
  /** Why, a sentence each: what stops it, what failed, where its quorum is. */
  words: string[];
  /** Of a preview: what may be lost, and the act's hash. */
  mayBeLost?: string;
  hash?: string;
  /** Of a failover: what the hosts recorded. */
  report?: ActReport;
}

/** One report of all clusters of a project. */
export interface ClustersReport {
  kind: "preview" | "failover";
  lost: string;
  /** ISO times of the operator's clock: of the command, and of its end; of a report that was made later, of its first act. */
  startedAt: string;
  endedAt?: string;
  clusters: ClusterLine[];
}

/** How urgent a cluster is for the reader; also the order in which a report lists them. */
const order: ClusterOutcome[] = [
  "failed",
  "refused",
  "stopped",
  "unknown",
  "cancelled",
  "not begun",
  "waits",
  "ready",
  "finished",
  "over",
  "not needed",
  "not hit",
];

export const inOrder = ({ clusters }: ClustersReport): ClusterLine[] =>
  [...clusters].sort(
    (a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome) || a.cluster.localeCompare(b.cluster),
  );

/** True if nobody has to see to the cluster: then a command on it ends with status 0. */
export const isWell = ({ outcome }: ClusterLine): boolean =>
  ["ready", "waits", "finished", "over", "not needed", "not hit"].includes(outcome);

/** True if the loss stops the cluster. */
export const isHit = ({ outcome }: ClusterLine): boolean => outcome !== "not needed" && outcome !== "not hit";

/** The outcome as a headline: "Loss of datacenter a: 18 of 20 clusters serve; FAILED: shop; refused: web". */
export function clustersHeadline(report: ClustersReport): string {
  const hit = report.clusters.filter(isHit);
  const of = (outcome: ClusterOutcome) => hit.filter((c) => c.outcome === outcome).map((c) => c.cluster);
  const named = (title: string, ...outcomes: ClusterOutcome[]) => {
    const names = outcomes.flatMap(of);
    return names.length === 0 ? [] : [`${title}: ${names.join(", ")}`];
  };
  const what = report.kind === "preview" ? "Preview of the loss" : "Loss";
  const count = (number: number, words: string) => `${number} of ${hit.length} clusters ${words}`;
  const first =
    hit.length === 0
      ? "it stops no cluster"
      : report.kind === "preview"
        ? count(hit.filter(isWell).length, "can fail over")
        : count(hit.filter(servesAgain).length, "serve again");
  return [
    `${what} of datacenter ${report.lost}: ${first}`,
    ...named("FAILED", "failed"),
    ...named("refused, nothing was changed", "refused"),
    ...named("stopped by guards", "stopped"),
    ...named("not known", "unknown"),
    ...named("cancelled", "cancelled"),
    ...named("not begun", "not begun"),
  ].join("; ");
}

/** True if the cluster's API takes writes since its failover. */
export const servesAgain = ({ outcome, report }: ClusterLine): boolean =>
  report?.firstWriteAt !== undefined || outcome === "finished" || outcome === "over";

/**
 * Seconds from the command for all clusters to a cluster's first write, so with the time in which it waited for others; from its own command if
 * that is older, as in a rerun. Undefined if the API takes no writes yet.
 */
export function secondsToFirstWrite(report: ClustersReport, { report: act }: ClusterLine): number | undefined {
  if (act?.firstWriteAt === undefined) return undefined;
  const from = Math.min(Date.parse(report.startedAt), Date.parse(act.startedAt));
  return Math.max(0, Math.round((Date.parse(act.firstWriteAt) - from) / 100) / 10);
}

/** The slowest cluster's first write, and the oldest data that was recovered from. */
export function worst(report: ClustersReport): { firstWrite?: [string, number]; loss?: [string, number] } {
  const most = (of: (line: ClusterLine) => number | undefined): [string, number] | undefined =>
    report.clusters
      .flatMap((line): [string, number][] => {
        const value = of(line);
        return value === undefined ? [] : [[line.cluster, value]];
      })
      .sort((a, b) => b[1] - a[1])[0];
  const firstWrite = most((line) => secondsToFirstWrite(report, line));
  const loss = most((line) => line.report?.rpo.seconds);
  return { ...(firstWrite ? { firstWrite } : {}), ...(loss ? { loss } : {}) };
}

/** The cells of a cluster's row, for text and for the page: first write, data loss, steps done. */
export function clusterFigures(
  report: ClustersReport,
  line: ClusterLine,
): [firstWrite: string, loss: string, steps: string] {
  const { report: act } = line;
  const write = secondsToFirstWrite(report, line);
  const target = act?.rto.targetSeconds;
  const late =
    write !== undefined && target !== undefined
      ? `, target ${duration(target)}: ${write <= target ? "met" : "missed"}`
      : "";
  return [
    write === undefined ? "" : `${duration(write)}${late}`,
    line.mayBeLost ?? (act?.rpo.seconds === undefined ? "" : `at most ${duration(act.rpo.seconds)}`),
    act === undefined ? "" : `${act.steps.filter((s) => s.outcome === "done").length} of ${act.steps.length}`,
  ];
}
