/** The recovery as a picture: how long each way takes, and where the program's time goes. */
import { type Measure, type RecoveryResult, spreadOf, type Way } from "./recovery";

const left = 300;
const room = 420;
const width = 860;

type Kind = "program" | "hand" | "floor" | "chance";
const kinds: Record<Way["kind"], Kind> = { program: "program", "by hand": "hand", floor: "floor" };

/** Draws downwards: titles and bars, each at the next free place. */
class Canvas {
  readonly parts: string[] = [];
  y = 30;

  title(text: string): void {
    this.parts.push(`<text x="20" y="${this.y}" class="h">${escaped(text)}</text>`);
    this.y += 12;
  }

  /** @param from and @param seconds by the scale of `span`, which is as wide as there is room */
  bar(name: string, from: number, seconds: number, span: number, kind: Kind, note: string): void {
    const x = left + (from / span) * room;
    const length = Math.max(2, (seconds / span) * room);
    this.parts.push(
      `<text x="20" y="${this.y + 12}">${escaped(name)}</text>`,
      `<rect x="${x.toFixed(1)}" y="${this.y}" width="${length.toFixed(1)}" height="15" class="${kind}"/>`,
      `<text x="${(x + length + 6).toFixed(1)}" y="${this.y + 12}">${escaped(note)}</text>`,
    );
    this.y += 21;
  }

  gap(): void {
    this.y += 26;
  }
}

export function chart({ ways }: RecoveryResult): string {
  const canvas = new Canvas();
  for (const [key, words] of [
    ["firstWrite", "Seconds to the first accepted write: median (least to most)"],
    ["failing", "Seconds in which a writing client fails"],
    ["total", "Seconds to the end of the act"],
  ] as [Measure, string][]) {
    canvas.title(words);
    const span = Math.max(...ways.map((way) => spreadOf(way, key).max));
    for (const way of ways) {
      const { min, median, max } = spreadOf(way, key);
      const spread = min === max ? "" : ` (${min.toFixed(1)} to ${max.toFixed(1)})`;
      const note = `${median.toFixed(1)}${spread}`;
      canvas.bar(way.name, 0, median, span, kinds[way.kind], note);
    }
    canvas.gap();
  }
  for (const way of ways.filter((w) => w.kind === "program")) timeline(canvas, way);
  const { y } = canvas;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" role="img">`,
    "<title>Recovery: how long each way takes, and where the time goes</title>",
    "<style>text{font:13px sans-serif;fill:#222}.h{font-weight:bold}.program{fill:#2b6cb0}.hand{fill:#b7791f}.floor{fill:#718096}.chance{fill:#d53f8c}.bg{fill:#fff}</style>",
    `<rect class="bg" width="${width}" height="${y}"/>`,
    ...canvas.parts,
    "</svg>",
    "",
  ].join("\n");
}

/** The times of the last run's steps, by the hosts' own clocks, which in the lab are the operator's. */
function timeline(canvas: Canvas, way: Way): void {
  const last = way.runs.at(-1);
  if (!last?.steps || last.commandAt === undefined) return;
  canvas.title(`Where the time goes: ${way.name}, the last run, in seconds`);
  const { commandAt, total, election } = last;
  const steps = last.steps
    .map((s) => ({ ...s, at: (Date.parse(s.startedAt) - commandAt) / 1000 }))
    .sort((a, b) => a.at - b.at);
  canvas.bar(
    "engine, program, a look at the hosts",
    0,
    steps[0]?.at ?? 0,
    total,
    "floor",
    `${steps[0]?.at.toFixed(1)}`,
  );
  for (const step of steps) {
    canvas.bar(`${step.step} (${step.host})`, step.at, step.seconds, total, "program", step.seconds.toFixed(1));
    if (election && /^etcd-(member|restore)$/.test(step.step)) {
      const at = (election.at - commandAt) / 1000;
      canvas.bar("  etcd waits to elect itself", at, election.seconds, total, "chance", election.seconds.toFixed(1));
    }
  }
  canvas.gap();
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
