import type { ReportedStep } from "./act-report";

/** What a timeline shows. Times are ISO. */
export interface Shown {
  startedAt: string;
  firstWriteAt?: string;
  steps: ReportedStep[];
}

/** The act as a picture: a bar a step, and a line where the first write was accepted. Its colours and places come from the page's style. */
export function timeline(act: Shown): string {
  const begin = Date.parse(act.startedAt);
  const ran = [...beginning(act), ...act.steps.filter((s) => s.startedAt !== undefined)];
  const end = Math.max(begin + 1000, ...ran.map((s) => Date.parse(s.startedAt ?? "") + (s.seconds ?? 0) * 1000));
  const share = (at: number) => `${(((at - begin) / (end - begin)) * 100).toFixed(2)}%`;
  const ticks = everyFew((end - begin) / 1000).map((second) => ({ second, left: share(begin + second * 1000) }));
  const grid = ticks.map(({ left }) => `<i class="grid" style="left:${left}"></i>`).join("");
  const write =
    act.firstWriteAt === undefined
      ? ""
      : `<i class="first-write" style="left:${share(Date.parse(act.firstWriteAt))}"></i>`;
  return [
    `<div class="timeline" role="img" aria-label="Steps of the act, in seconds after the start of the command; the table below has the same">`,
    ...ran.map((s) => bar(s, share, grid + write)),
    `<div class="row axis"><div class="name"></div><div class="track">${ticks.map(({ second, left }) => `<span style="left:${left}">${second} s</span>`).join("")}</div></div>`,
    "</div>",
  ].join("\n");
}

/** Before the first step the program looked at the hosts, asked its guards, and ran fences. */
function beginning({ startedAt, steps }: Shown): ReportedStep[] {
  const first = steps.find((s) => s.startedAt !== undefined)?.startedAt ?? startedAt;
  const seconds = Math.max(0, (Date.parse(first) - Date.parse(startedAt)) / 1000);
  return [{ step: "look and decide", host: "operator", words: "", outcome: "done", startedAt, seconds, did: [] }];
}

function bar(step: ReportedStep, share: (at: number) => string, lines: string): string {
  const at = Date.parse(step.startedAt ?? "");
  const end = share(at + (step.seconds ?? 0) * 1000);
  const seconds = `${(step.seconds ?? 0).toFixed(1)} s`;
  const name = `<div class="name">${escaped(step.step)} <span>${escaped(step.host)}</span></div>`;
  const shape = `<b class="bar ${escaped(step.outcome)}" style="left:${share(at)};right:calc(100% - ${end})" title="${escaped(`${step.step} on ${step.host}: ${seconds}`)}"></b>`;
  return `<div class="row">${name}<div class="track">${lines}${shape}<span class="seconds" style="left:${end}">${seconds}</span></div></div>`;
}

/** Round seconds, six of them or less. */
export function everyFew(span: number): number[] {
  const unit = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600].find((u) => span / u <= 6) ?? 7200;
  return Array.from({ length: Math.floor(span / unit) + 1 }, (_, i) => i * unit);
}

/** @param value also what hosts have recorded, which may be of another type than it ought to be */
export const escaped = (value: unknown): string =>
  String(value).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
