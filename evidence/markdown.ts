import type { ActReport } from "./act-report";
import { against, bytes, duration, headline } from "./words";

/** The report for a terminal, a ticket or a repository. */
export function reportMarkdown(report: ActReport): string {
  return [
    `# ${headline(report)}`,
    "",
    `- cluster: ${report.cluster}`,
    `- lost: ${report.lostHosts.join(", ")}`,
    `- survivors: ${report.survivors.join(", ")}`,
    `- method: ${report.method}, from ${report.source}${report.revision === undefined ? "" : ` at revision ${report.revision}`}`,
    `- relied on: ${report.reliedOn}`,
    ...(report.signed
      ? [`- act: ${report.signed.hash}, ${report.signed.pinned ? "pinned by the confirmation" : "not pinned"}`]
      : []),
    `- command: ${report.startedAt}`,
    `- first write: ${report.firstWriteAt ?? "none yet"}`,
    `- last step's end: ${report.endedAt ?? "none yet"}`,
    `- recovery time (RTO): ${against(report.rto)} (${report.rto.words})`,
    `- data loss (RPO): ${against(report.rpo, true)} (${report.rpo.words})`,
    `- clients' gap: ${report.gap.seconds === undefined ? "unknown" : duration(report.gap.seconds)} (${report.gap.words})`,
    "",
    "## Sources compared",
    "",
    ...table(
      ["", "host", "revision", "data as of", "what it was"],
      report.sources.map((s) => [
        s.chosen ? "chosen" : "",
        s.host,
        String(s.revision ?? "unknown"),
        s.dataAsOf ?? "unknown",
        s.words,
      ]),
    ),
    "",
    "## Steps",
    "",
    ...table(
      ["step", "host", "outcome", "exit", "started", "seconds", "what it did"],
      report.steps.map((s) => [
        s.step,
        s.host,
        s.outcome,
        s.exit === undefined ? "" : String(s.exit),
        s.startedAt ?? "",
        s.seconds?.toFixed(1) ?? "",
        [...s.did, ...(s.error === undefined ? [] : [`error: ${s.error}`])].join("; ") || s.words,
      ]),
    ),
    "",
    "## Set aside, nothing was deleted",
    "",
    ...(report.setAside.length === 0
      ? ["nothing"]
      : table(
          ["host", "what", "size"],
          report.setAside.map((a) => [a.host, a.what, bytes(a.bytes)]),
        )),
    "",
    "## Guards",
    "",
    ...table(
      ["guard", "", "found"],
      report.guards.map((g) => [g.guard, g.ok ? "ok" : "STOP", g.found]),
    ),
    "",
    "Times of steps are of the hosts' own clocks.",
    "",
  ].join("\n");
}

export function table(heads: string[], rows: string[][]): string[] {
  const line = (cells: string[]) =>
    `| ${cells.map((c) => c.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)];
}
