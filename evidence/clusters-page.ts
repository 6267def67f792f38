import {
  type ClusterLine,
  type ClusterOutcome,
  type ClustersReport,
  clusterFigures,
  clustersHeadline,
  inOrder,
  isHit,
  isWell,
  servesAgain,
  worst,
} from "./clusters-report";
import { stepTable } from "./page";
import { at, badge, htmlPage, table } from "./page-parts";
import { escaped, everyFew } from "./timeline";
import type { Tone } from "./view";
import { duration } from "./words";

const style = `summary { cursor: pointer; overflow-wrap: anywhere; } details[open] summary { margin-bottom: 12px; }
`;

/** The report of all clusters as one page, in the style of a single act's report. */
export function clustersHtml(report: ClustersReport): string {
  const lines = inOrder(report);
  const hit = lines.filter(isHit);
  const others = lines.filter((line) => !isHit(line));
  const part = (id: string, title: string, body: string) =>
    body === "" ? "" : `<section id="${id}">\n<h2>${title}</h2>\n${body}\n</section>`;
  return htmlPage(
    clustersHeadline(report),
    [
      head(report, hit),
      figures(report, hit),
      part("clusters", "Clusters", hit.length === 0 ? "" : clusters(report, hit)),
      part("timeline", "Timeline", timeline(report, hit)),
      part(
        "others",
        "No failover needed",
        others.length === 0 ? "" : table(["Cluster", "", "Why"], others.map(otherRow)),
      ),
      ...hit.map(steps),
    ]
      .filter((text) => text !== "")
      .join("\n"),
    "",
    style,
  );
}

function head(report: ClustersReport, hit: ClusterLine[]): string {
  const tone: Tone = !hit.every(isWell) ? "bad" : hit.some((c) => c.outcome === "waits") ? "busy" : "good";
  const [headline = "", ...rest] = clustersHeadline(report).split("; ");
  const end = report.endedAt === undefined ? "" : `, end ${at(report.endedAt)}`;
  return `<header id="head" class="${tone}">
<p>${report.clusters.length} clusters</p>
<h1>${escaped(headline)}</h1>
${rest.map((words) => `<p>${escaped(words)}</p>`).join("\n")}
<p>${report.kind === "preview" ? "Preview, nothing was changed. " : ""}Command ${at(report.startedAt)}${end}</p>
</header>`;
}

function figures(report: ClustersReport, hit: ClusterLine[]): string {
  const { firstWrite, loss } = worst(report);
  const figure = (name: string, value: string, note: string, tone: Tone = "plain") =>
    `<div class="figure ${tone}"><h3>${name}</h3><p class="value">${escaped(value)}</p><p class="note">${escaped(note)}</p></div>`;
  const well = report.kind === "preview" ? hit.filter(isWell) : hit.filter(servesAgain);
  return `<section id="figures" class="figures">
${[
  figure(
    report.kind === "preview" ? "Can fail over" : "Serve again",
    `${well.length} of ${hit.length}`,
    "of the clusters that the loss stops",
    well.length === hit.length ? "good" : "bad",
  ),
  ...(firstWrite
    ? [figure("Slowest first write", duration(firstWrite[1]), `${firstWrite[0]}, from the command for all`)]
    : []),
  ...(loss ? [figure("Data loss, at most", duration(loss[1]), `${loss[0]}, the oldest data of all`)] : []),
  figure("Not stopped", String(report.clusters.length - hit.length), "clusters that need no failover"),
].join("\n")}
</section>`;
}

function clusters(report: ClustersReport, hit: ClusterLine[]): string {
  const heads =
    report.kind === "preview"
      ? ["Cluster", "", "May be lost", "Why"]
      : ["Cluster", "", "First write after", "Data loss", "Steps done", "Why"];
  return table(
    heads,
    hit.map((line) => {
      const [write, lost, done] = clusterFigures(report, line);
      const own = report.kind === "preview" ? [lost] : [write, lost, done];
      return [
        `<strong>${escaped(line.cluster)}</strong>`,
        badge(line.outcome, toneOf(line.outcome)),
        ...own.map(escaped),
        wordList(line.words),
      ];
    }),
  );
}

const otherRow = (line: ClusterLine): string[] => [
  `<strong>${escaped(line.cluster)}</strong>`,
  badge(line.outcome, toneOf(line.outcome)),
  wordList(line.words),
];

const wordList = (words: string[]): string =>
  words.length === 0 ? "" : `<ul>${words.map((w) => `<li>${escaped(w)}</li>`).join("")}</ul>`;

/** A bar for each cluster's act, in seconds after the command for all; a line where its first write was accepted. */
function timeline(report: ClustersReport, hit: ClusterLine[]): string {
  const ran = hit.flatMap(({ cluster, report: act }) => (act ? [{ cluster, act }] : []));
  if (ran.length === 0) return "";
  const begin = Math.min(Date.parse(report.startedAt), ...ran.map(({ act }) => Date.parse(act.startedAt)));
  const endOf = (act: (typeof ran)[number]["act"]) => Date.parse(act.endedAt ?? act.startedAt);
  const end = Math.max(begin + 1000, ...ran.map(({ act }) => endOf(act)));
  const share = (time: number) => `${(((time - begin) / (end - begin)) * 100).toFixed(2)}%`;
  const ticks = everyFew((end - begin) / 1000);
  const grid = ticks.map((second) => `<i class="grid" style="left:${share(begin + second * 1000)}"></i>`).join("");
  const rows = ran.map(({ cluster, act }) => {
    const write = act.firstWriteAt === undefined ? undefined : Date.parse(act.firstWriteAt);
    const mark = write === undefined ? "" : `<i class="first-write" style="left:${share(write)}"></i>`;
    const seconds = `${((endOf(act) - begin) / 1000).toFixed(1)} s`;
    const bar = `<b class="bar ${act.outcome === "failed" ? "failed" : "done"}" style="left:${share(Date.parse(act.startedAt))};right:calc(100% - ${share(endOf(act))})"></b>`;
    return `<div class="row"><div class="name">${escaped(cluster)}</div><div class="track">${grid}${bar}${mark}<span class="seconds" style="left:${share(endOf(act))}">${seconds}</span></div></div>`;
  });
  return `<div class="timeline" role="img" aria-label="Each cluster's act, in seconds after the command; the table has the same">
${rows.join("\n")}
<div class="row axis"><div class="name"></div><div class="track">${ticks.map((second) => `<span style="left:${share(begin + second * 1000)}">${second} s</span>`).join("")}</div></div>
</div>
<p class="note"><i class="key"></i>first write. Times are of the hosts' own clocks.</p>`;
}

/** A cluster's steps, closed until the reader opens them; open if it failed. */
function steps({ cluster, outcome, report: act }: ClusterLine): string {
  if (!act) return "";
  const summary = `<summary><strong>${escaped(cluster)}</strong>: ${act.steps.length} steps, by ${escaped(act.method)} from ${escaped(act.source)}, relied on ${escaped(act.reliedOn)}</summary>`;
  return `<section><details${outcome === "failed" ? " open" : ""}>${summary}\n${stepTable(act.steps)}\n</details></section>`;
}

function toneOf(outcome: ClusterOutcome): Tone {
  switch (outcome) {
    case "ready":
    case "finished":
    case "over":
    case "not needed":
      return "good";
    case "failed":
    case "refused":
    case "stopped":
    case "unknown":
      return "bad";
    case "waits":
    case "cancelled":
    case "not begun":
      return "busy";
    case "not hit":
      return "plain";
    default:
      return outcome satisfies never;
  }
}
