import type { ActReport, ReportedStep } from "./act-report";

const left = 250;
const width = 900;
const right = 80;
const row = 22;
const top = 34;

/**
 * The act as a picture: a bar a step, and a line where the first write was accepted. Colours come from the page that holds
 * it, by classes; on its own it is drawn in `currentColor`.
 */
export function timelineSvg(report: ActReport): string {
  const begin = Date.parse(report.startedAt);
  const ran = withBeginning(
    report,
    report.steps.filter((s) => s.startedAt !== undefined),
  );
  const end = Math.max(begin + 1000, ...ran.map((s) => Date.parse(s.startedAt ?? "") + (s.seconds ?? 0) * 1000));
  const scale = (at: number) => left + ((at - begin) / (end - begin)) * (width - left - right);
  const height = top + ran.length * row + 30;
  const ticks = everyFew((end - begin) / 1000);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="timeline-title" class="timeline">`,
    `<title id="timeline-title">Steps of epoch ${report.epoch}, in seconds after the start of the command</title>`,
    ...ticks.flatMap((second) => {
      const x = scale(begin + second * 1000).toFixed(1);
      return [
        `<line class="grid" x1="${x}" y1="${top - 8}" x2="${x}" y2="${height - 26}"/>`,
        `<text class="tick" x="${x}" y="${height - 10}" text-anchor="middle">${second} s</text>`,
      ];
    }),
    ...ran.flatMap((s, i) => bar(s, i, scale)),
    ...(report.firstWriteAt === undefined ? [] : firstWrite(scale(Date.parse(report.firstWriteAt)), height)),
    "</svg>",
  ].join("\n");
}

/** Before the first step the program looked at the hosts, asked its guards, and ran fences. */
function withBeginning(report: ActReport, ran: ReportedStep[]): ReportedStep[] {
  const seconds = (Date.parse(ran[0]?.startedAt ?? report.startedAt) - Date.parse(report.startedAt)) / 1000;
  const looking: ReportedStep = {
    step: "look and decide",
    host: "operator",
    words: "",
    outcome: "done",
    startedAt: report.startedAt,
    seconds: Math.max(0, seconds),
    did: [],
  };
  return [looking, ...ran];
}

function bar(step: ReportedStep, index: number, scale: (at: number) => number): string[] {
  const y = top + index * row;
  const at = Date.parse(step.startedAt ?? "");
  const x = scale(at);
  const length = Math.max(3, scale(at + (step.seconds ?? 0) * 1000) - x);
  const words = `${step.step} on ${step.host}: ${(step.seconds ?? 0).toFixed(1)} s`;
  return [
    `<text class="name" x="${left - 10}" y="${y + 12}" text-anchor="end">${escaped(step.step)} <tspan class="host">${escaped(step.host)}</tspan></text>`,
    `<rect class="bar ${step.outcome === "failed" ? "failed" : "done"}" x="${x.toFixed(1)}" y="${y}" width="${length.toFixed(1)}" height="15" rx="3"><title>${escaped(words)}</title></rect>`,
    `<text class="seconds" x="${(x + length + 5).toFixed(1)}" y="${y + 12}">${(step.seconds ?? 0).toFixed(1)} s</text>`,
  ];
}

function firstWrite(x: number, height: number): string[] {
  const anchor = x > width - 260 ? "end" : "start";
  return [
    `<line class="first-write" x1="${x.toFixed(1)}" y1="16" x2="${x.toFixed(1)}" y2="${height - 26}"/>`,
    `<text class="first-write" x="${(x + (anchor === "start" ? 6 : -6)).toFixed(1)}" y="18" text-anchor="${anchor}">first write accepted</text>`,
  ];
}

/** Round seconds, six of them or less. */
function everyFew(span: number): number[] {
  const unit = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600].find((u) => span / u <= 6) ?? 7200;
  return Array.from({ length: Math.floor(span / unit) + 1 }, (_, i) => i * unit);
}

export const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
