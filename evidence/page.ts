import type { ActReport, ReportedStep } from "./act-report";
import { at, badge, htmlPage, table } from "./page-parts";
import type { AgainstTarget, Gap } from "./targets";
import { escaped, timeline } from "./timeline";
import { type HostView, reportView, type View } from "./view";
import { bytes, duration } from "./words";

/** The report as one page without anything from elsewhere: it opens from a file, and on a machine without a network. */
export const reportHtml = (report: ActReport): string => pageHtml(reportView(report));

/** @param script the URL of a script that renews the page's parts while the act runs */
export const pageHtml = (view: View, script?: string): string =>
  htmlPage(
    view.headline,
    Object.values(pageParts(view)).join("\n"),
    script === undefined ? "" : `\n<p id="connection" role="status" hidden></p>\n<script src="${script}"></script>`,
  );

/** The page's parts by their id, in their order: each is an element with that id. A part that has nothing to show is an empty one. */
export function pageParts(view: View): Record<string, string> {
  const { report } = view;
  const begin = report?.startedAt ?? view.steps.find((s) => s.startedAt !== undefined)?.startedAt;
  const part = (id: string, title: string, body: string) =>
    `<section id="${id}"${body === "" ? " hidden" : ""}>${body === "" ? "" : `\n<h2>${title}</h2>\n${body}\n`}</section>`;
  return {
    head: `<header id="head" class="${escaped(view.tone)}"${view.live ? ' aria-live="polite"' : ""}>
<p>cluster ${escaped(view.cluster)}</p>
<h1>${escaped(view.headline)}</h1>
${view.words.map((w) => `<p>${escaped(w)}</p>`).join("\n")}
</header>`,
    figures: figures(view),
    topology: part("topology", "Datacenters", view.hosts.length === 0 ? "" : datacenters(view.hosts)),
    timeline: part(
      "timeline",
      "Timeline",
      begin === undefined
        ? ""
        : `${timeline({ startedAt: begin, steps: view.steps, ...(report?.firstWriteAt === undefined ? {} : { firstWriteAt: report.firstWriteAt }) })}
<p class="note">${report ? `Command ${at(report.startedAt)}, <i class="key"></i>first write ${at(report.firstWriteAt)}, last step's end ${at(report.endedAt)}. ` : ""}Steps' times are of the hosts' own clocks.</p>`,
    ),
    steps: part("steps", "Steps", view.steps.length === 0 ? "" : stepTable(view.steps)),
    guards: part("guards", "Guards", report ? guards(report) : ""),
    sources: part("sources", "Sources compared", report ? sources(report) : ""),
    aside: part("aside", "Set aside", report ? aside(report) : ""),
  };
}

function figures({ report, gap, live }: View): string {
  const shown = [
    ...(report ? [figure(report.firstWriteAt || !live ? "Recovery time" : "Recovery time so far", report.rto)] : []),
    ...(gap ? [gapFigure(gap)] : []),
    ...(report
      ? [
          figure("Data loss, at most", report.rpo),
          plainFigure("Data as of", report.dataAsOf),
          plainFigure("Relied on", report.reliedOn),
        ]
      : []),
  ];
  return `<section id="figures" class="figures"${shown.length === 0 ? " hidden" : ""}>\n${shown.join("\n")}\n</section>`;
}

function figure(name: string, value: AgainstTarget): string {
  const tone = value.verdict === "met" ? "good" : value.verdict === "missed" ? "bad" : "plain";
  const target =
    value.targetSeconds === undefined ? "no target" : `target ${duration(value.targetSeconds)}: ${value.verdict}`;
  return `<div class="figure ${tone}"><h3>${name}</h3><p class="value">${seconds(value.seconds)}</p><p>${badge(target, tone)}</p><p class="note">${escaped(value.words)}</p></div>`;
}

const gapFigure = ({ seconds: length, words }: Gap): string =>
  `<div class="figure plain"><h3>Clients' gap</h3><p class="value">${seconds(length)}</p><p class="note">${escaped(words)}</p></div>`;

const seconds = (value: number | undefined): string => (value === undefined ? "unknown" : escaped(duration(value)));

const plainFigure = (name: string, value: string): string =>
  `<div class="figure plain"><h3>${name}</h3><p class="text">${/^\d{4}-/.test(value) ? at(value) : escaped(value)}</p></div>`;

/** The hosts, each datacenter in a box. */
function datacenters(hosts: HostView[]): string {
  const names = [...new Set(hosts.map((h) => h.datacenter))];
  const box = (name: string) => {
    const own = hosts.filter((h) => h.datacenter === name);
    const gone = own.every((h) => h.state.tone === "bad");
    return `<div class="datacenter${gone ? " gone" : ""}"><h3>Datacenter ${escaped(name)}</h3><ul>${own.map(hostCard).join("\n")}</ul></div>`;
  };
  return `<div class="datacenters">${names.map(box).join("\n")}</div>`;
}

function hostCard({ name, address, roles, state, lines }: HostView): string {
  const more = lines.map((l) => `<p class="line ${l.tone}">${escaped(l.words)}</p>`).join("");
  const mark = state.words === "" ? "" : badge(state.words, state.tone);
  return `<li class="host ${state.tone}"><p class="hostname"><strong>${escaped(name)}</strong> ${mark}</p><p class="note">${escaped(roles.join(", "))} · ${escaped(address)}</p>${more}</li>`;
}

export const stepTable = (steps: ReportedStep[]): string =>
  table(["Step", "Host", "Exit", "Seconds", "What it did"], steps.map(stepRow));

function stepRow(s: ReportedStep): string[] {
  const lines = [...s.did.map(escaped), ...(s.error === undefined ? [] : [`<strong>${escaped(s.error)}</strong>`])];
  const did =
    lines.length === 0
      ? `<span class="note">${escaped(s.words)}</span>`
      : `<ul>${lines.map((l) => `<li>${l}</li>`).join("")}</ul>`;
  return [`<code>${escaped(s.step)}</code>`, escaped(s.host), exitOf(s), escaped(s.seconds?.toFixed(1) ?? ""), did];
}

function exitOf({ outcome, exit }: ReportedStep): string {
  switch (outcome) {
    case "running":
      return badge("runs", "busy");
    case "not run":
      return badge("not run", "plain");
    case "done":
      return badge(String(exit), "good");
    case "failed":
      return badge(String(exit), "bad");
    default:
      return escaped(outcome satisfies never);
  }
}

const guards = (report: ActReport): string =>
  table(
    ["", "Guard", "Found"],
    report.guards.map((g) => [g.ok ? badge("ok", "good") : badge("stop", "bad"), escaped(g.guard), escaped(g.found)]),
  );

const sources = (report: ActReport): string =>
  table(
    ["", "Host", "Revision", "Data as of", "What it was"],
    report.sources.map((s) => [
      s.chosen ? badge("chosen", "good") : "",
      escaped(s.host),
      escaped(s.revision ?? "unknown"),
      at(s.dataAsOf),
      escaped(s.words),
    ]),
  );

const aside = (report: ActReport): string =>
  `<p class="note">Nothing was deleted.</p>
${
  report.setAside.length === 0
    ? "<p>Nothing had to be set aside.</p>"
    : table(
        ["Host", "What", "Size"],
        report.setAside.map((a) => [escaped(a.host), `<code>${escaped(a.what)}</code>`, escaped(bytes(a.bytes))]),
      )
}`;
