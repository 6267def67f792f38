import { type ClustersReport, clusterFigures, clustersHeadline, inOrder, isHit, worst } from "./clusters-report";
import { reportMarkdown, table } from "./markdown";
import { duration } from "./words";

/** The report of all clusters for a terminal, a ticket or a repository; each failed cluster's own report behind it. */
export function clustersMarkdown(report: ClustersReport): string {
  const { firstWrite, loss } = worst(report);
  const lines = inOrder(report);
  const hit = lines.filter(isHit);
  const others = lines.filter((line) => !isHit(line));
  const heads =
    report.kind === "preview"
      ? ["cluster", "", "may be lost", "why"]
      : ["cluster", "", "first write after", "data loss", "steps done", "why"];
  const row = (line: (typeof lines)[number]): string[] => {
    const [write, lost, steps] = clusterFigures(report, line);
    const figures = report.kind === "preview" ? [lost] : [write, lost, steps];
    return [line.cluster, line.outcome, ...figures, line.words.join("; ")];
  };
  return [
    `# ${clustersHeadline(report)}`,
    "",
    `- command: ${report.startedAt}`,
    ...(report.endedAt === undefined ? [] : [`- end: ${report.endedAt}`]),
    ...(firstWrite ? [`- slowest first write: ${firstWrite[0]}, ${duration(firstWrite[1])} after the command`] : []),
    ...(loss ? [`- oldest data: ${loss[0]}, at most ${duration(loss[1])} of writes may be lost`] : []),
    "",
    ...(hit.length === 0 ? [] : [...table(heads, hit.map(row)), ""]),
    ...(others.length === 0
      ? []
      : [
          "## No failover needed",
          "",
          ...others.map((line) => `- ${line.cluster}: ${[line.outcome, ...line.words].join("; ")}`),
          "",
        ]),
    ...lines
      .filter((line) => line.outcome === "failed" || line.outcome === "cancelled")
      .flatMap((line) =>
        line.report ? [`## ${line.cluster}`, "", reportMarkdown(line.report).replace(/^#/gm, "##")] : [],
      ),
  ].join("\n");
}
