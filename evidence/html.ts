import type { ActReport, ReportedStep } from "./act-report";
import type { AgainstTarget } from "./targets";
import { escaped, timelineSvg } from "./timeline";
import { bytes, duration, headline } from "./words";

/** The report as one page without anything from elsewhere: it opens from a file, and on a machine without a network. */
export function reportHtml(report: ActReport): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(headline(report))}</title>
<style>${style}</style>
</head>
<body>
<main>
<header>
<p class="cluster">cluster ${escaped(report.cluster)}</p>
<h1>${escaped(headline(report))}</h1>
<p>${escaped(report.lostHosts.join(", "))} given up; ${escaped(report.survivors.join(", "))} went on, by ${escaped(report.method)} from ${escaped(report.source)}${report.revision === undefined ? "" : ` at revision ${report.revision}`}.</p>
</header>
<section class="figures">
${figure("Recovery time", report.rto)}
${figure("Data loss, at most", report.rpo)}
${plainFigure("Data as of", report.dataAsOf)}
${plainFigure("Relied on", report.reliedOn)}
</section>
<section>
<h2>Timeline</h2>
<div class="wide">${timelineSvg(report)}</div>
<p class="note">Command ${at(report.startedAt)}, first write ${at(report.firstWriteAt)}, end ${at(report.endedAt)}. Steps' times are of the hosts' own clocks.</p>
</section>
<section>
<h2>Sources compared</h2>
${table(
  ["", "Host", "Revision", "Data as of", "What it was"],
  report.sources.map((s) => [
    s.chosen ? badge("chosen", "good") : "",
    escaped(s.host),
    String(s.revision ?? "unknown"),
    at(s.dataAsOf),
    escaped(s.words),
  ]),
)}
</section>
<section>
<h2>Steps</h2>
${table(["Step", "Host", "Exit", "Seconds", "What it did"], report.steps.map(stepRow))}
</section>
<section>
<h2>Set aside</h2>
<p class="note">Nothing was deleted.</p>
${
  report.setAside.length === 0
    ? "<p>Nothing had to be set aside.</p>"
    : table(
        ["Host", "What", "Size"],
        report.setAside.map((a) => [escaped(a.host), `<code>${escaped(a.what)}</code>`, bytes(a.bytes)]),
      )
}
</section>
<section>
<h2>Guards</h2>
${table(
  ["", "Guard", "Found"],
  report.guards.map((g) => [g.ok ? badge("ok", "good") : badge("stop", "bad"), escaped(g.guard), escaped(g.found)]),
)}
</section>
</main>
</body>
</html>
`;
}

function figure(name: string, value: AgainstTarget): string {
  const tone = value.verdict === "met" ? "good" : value.verdict === "missed" ? "bad" : "plain";
  const target =
    value.targetSeconds === undefined ? "no target" : `target ${duration(value.targetSeconds)}: ${value.verdict}`;
  return `<div class="figure ${tone}"><h3>${name}</h3><p class="value">${value.seconds === undefined ? "unknown" : duration(value.seconds)}</p><p>${badge(target, tone)}</p><p class="note">${escaped(value.words)}</p></div>`;
}

const plainFigure = (name: string, value: string): string =>
  `<div class="figure plain"><h3>${name}</h3><p class="text">${/^\d{4}-/.test(value) ? at(value) : escaped(value)}</p></div>`;

function stepRow(s: ReportedStep): string[] {
  const lines = [...s.did.map(escaped), ...(s.error === undefined ? [] : [`<strong>${escaped(s.error)}</strong>`])];
  const did =
    lines.length === 0
      ? `<span class="note">${escaped(s.words)}</span>`
      : `<ul>${lines.map((l) => `<li>${l}</li>`).join("")}</ul>`;
  const exit =
    s.outcome === "not run" ? badge("not run", "plain") : badge(String(s.exit), s.outcome === "done" ? "good" : "bad");
  return [`<code>${escaped(s.step)}</code>`, escaped(s.host), exit, s.seconds?.toFixed(1) ?? "", did];
}

function table(heads: string[], rows: string[][]): string {
  const cells = (tag: string, list: string[]) => list.map((c) => `<${tag}>${c}</${tag}>`).join("");
  return `<div class="wide"><table><thead><tr>${cells("th", heads)}</tr></thead><tbody>${rows.map((r) => `<tr>${cells("td", r)}</tr>`).join("\n")}</tbody></table></div>`;
}

const badge = (text: string, tone: string): string => `<span class="badge ${tone}">${escaped(text)}</span>`;

/** "2026-11-21 16:52:01 UTC"; the machine's form stays in the element. */
function at(time: string | undefined): string {
  return time === undefined || Number.isNaN(Date.parse(time))
    ? "unknown"
    : `<time datetime="${escaped(time)}">${escaped(time.slice(0, 10))} ${escaped(time.slice(11, 19))} UTC</time>`;
}

const style = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --text: #1a2230; --soft: #5b6675; --line: #dde2e9;
  --good: #1a7f4b; --good-back: #e2f4ea; --bad: #b3261e; --bad-back: #fbe6e4; --bar: #3a6ea5; --plain-back: #eceff3; }
@media (prefers-color-scheme: dark) { :root { --page: #12161c; --card: #1b212a; --text: #e6eaf0; --soft: #9aa6b5; --line: #303945;
  --good: #6fd19b; --good-back: #17382a; --bad: #ff9a92; --bad-back: #43201d; --bar: #6ea3da; --plain-back: #2a323d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 24px 20px 60px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 6px; }
h2 { font-size: 18px; margin: 0 0 12px; }
h3 { font-size: 13px; margin: 0; color: var(--soft); font-weight: 600; }
header p { margin: 0 0 4px; color: var(--soft); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 18px 20px; margin-top: 16px; }
section.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); gap: 16px; padding: 0; border: 0; background: none; }
.figure { background: var(--card); border: 1px solid var(--line); border-top: 4px solid var(--soft); border-radius: 8px; padding: 14px 16px; }
.figure.good { border-top-color: var(--good); } .figure.bad { border-top-color: var(--bad); }
.figure p { margin: 4px 0 0; } .figure .value { font-size: 28px; font-weight: 650; line-height: 1.2; } .figure .text { font-size: 16px; }
.note { color: var(--soft); font-size: 13px; margin: 6px 0 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; color: var(--soft); font-weight: 600; font-size: 13px; }
th, td { padding: 7px 12px 7px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td { overflow-wrap: anywhere; } td:first-child, td:nth-child(2) { white-space: nowrap; }
tbody tr:last-child td { border-bottom: 0; }
ul { margin: 0; padding-left: 16px; }
code { font: 13px ui-monospace, monospace; }
time { font-variant-numeric: tabular-nums; }
.badge { display: inline-block; padding: 0 8px; border-radius: 10px; font-size: 12px; line-height: 20px; white-space: nowrap; background: var(--plain-back); color: var(--soft); }
.badge.good { background: var(--good-back); color: var(--good); } .badge.bad { background: var(--bad-back); color: var(--bad); }
.timeline { width: 100%; min-width: 640px; height: auto; font: 12px system-ui, sans-serif; }
.timeline text { fill: var(--text); paint-order: stroke; stroke: var(--card); stroke-width: 3px; } .timeline .host, .timeline .tick, .timeline .seconds { fill: var(--soft); }
.timeline .grid { stroke: var(--line); } .timeline .bar.done { fill: var(--bar); } .timeline .bar.failed { fill: var(--bad); }
.timeline line.first-write { stroke: var(--good); stroke-width: 2; stroke-dasharray: 4 3; } .timeline text.first-write { fill: var(--good); font-weight: 600; }
@media print { body { background: #fff; } section { break-inside: avoid; } }
`;
