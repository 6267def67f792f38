import type { ActReport } from "./act-report";
import type { AgainstTarget } from "./targets";

/** The act's outcome as a headline. */
export function headline(report: ActReport): string {
  const act = `Failover of datacenter ${report.lost}, epoch ${report.epoch}`;
  switch (report.outcome) {
    case "finished":
      return `${act}: finished`;
    case "failed":
      return `${act}: FAILED on its way`;
    case "running":
      return report.firstWriteAt === undefined ? `${act}: under way` : `${act}: the API serves, under way`;
    case "unfinished":
      return report.firstWriteAt === undefined ? `${act}: NOT finished` : `${act}: the API serves, NOT finished`;
    default:
      return report.outcome satisfies never;
  }
}

export function against({ seconds, targetSeconds, verdict }: AgainstTarget, atMost = false): string {
  const figure = seconds === undefined ? "unknown" : `${atMost ? "at most " : ""}${duration(seconds)}`;
  return targetSeconds === undefined
    ? `${figure}; no target`
    : `${figure}; target ${duration(targetSeconds)}: ${verdict}`;
}

export function duration(seconds: number): string {
  if (seconds < 120) {
    return `${seconds.toFixed(1)} s`;
  }
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${(seconds / 3600).toFixed(1)} h`;
}

export function bytes(count: number | undefined): string {
  if (count === undefined) {
    return "";
  }
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, count)) / 10));
  return power === 0 ? `${count} bytes` : `${(count / 1024 ** power).toFixed(1)} ${units[power]}`;
}
