/** A result in words, for a terminal and for docs/benchmark.md alike. */
import { atBest, type ClustersResult, type ClustersRun } from "./clusters";
import type { PreviewResult } from "./preview";
import { type Measure, type RecoveryResult, recoveryRatios, spreadOf, type Way } from "./recovery";
import type { PureCosts } from "./rendering";
import type { BenchResult } from "./result";
import type { SizeResult } from "./size";
import { growth, type Spread, spread } from "./statistics";

const figure = (value: number): string => (value < 10 ? value.toFixed(2) : value.toFixed(1));
const told = ({ min, median, max }: Spread): string =>
  min === max ? figure(median) : `${figure(median)} (${figure(min)} to ${figure(max)})`;

const table = (head: string[], rows: string[][]): string[] => [
  `| ${head.join(" | ")} |`,
  `| ${head.map(() => "---").join(" | ")} |`,
  ...rows.map((row) => `| ${row.join(" | ")} |`),
];

export function resultText(result: BenchResult): string {
  const part = (title: string, lines: string[] | undefined) => (lines ? ["", `## ${title}`, "", ...lines] : []);
  return [
    ...machineText(result),
    ...part("Recovery", result.recovery && recoveryText(result.recovery)),
    ...part("Size of etcd's data", result.sizes && sizeText(result.sizes)),
    ...part("Several clusters", result.clusters && clustersText(result.clusters)),
    ...part("Preview and planning", result.preview && previewText(result.preview)),
    ...(result.failed.length > 0 ? ["", ...result.failed.map((f) => `Not measured: ${f.split("\n")[0]}`)] : []),
    "",
  ].join("\n");
}

function machineText({ at, machine, engine }: BenchResult): string[] {
  // what it is afterwards is the benchmark's own
  const busy = machine.load[0] > 2 * machine.processors;
  return [
    `${at.slice(0, 10)}, ${machine.processors} processors (${machine.processor}), ${Math.round(machine.memoryBytes / 2 ** 30)} GiB, Linux ${machine.kernel}, Node ${machine.node}; ${engine}`,
    "",
    `Load average before and after: ${machine.load.map((l) => l.toFixed(1)).join(" and ")}.${busy ? " **The machine was busy with other work: the seconds below are too high, and not for comparing with other runs; ratios are of the same run.**" : ""}`,
  ];
}

function recoveryText(result: RecoveryResult): string[] {
  const row = (way: Way) => [
    way.name,
    told(spreadOf(way, "firstWrite")),
    ofElections(way),
    ...(["failing", "total"] as const).map((key) => told(spreadOf(way, key))),
    String(Math.max(...way.runs.map((r) => r.gaps.length))),
    String(way.runs.length),
  ];
  const starts = result.engineStart;
  return [
    "Seconds from the command: median (least to most).",
    "",
    ...table(
      ["way", "first write", "of it etcd's election", "a client fails", "the whole act", "gaps at most", "runs"],
      [
        ...result.ways.map(row),
        ["a `pulumi up` that does nothing", "", "", "", told(spread(starts)), "", String(starts.length)],
      ],
    ),
    "",
    ...table(["ratio, run by run", "median (least to most)", "target"], recoveryRatios(result).flatMap(ratioRows)),
    "",
    `Stand-ins: ${result.standIns.length > 0 ? result.standIns.join(", ") : "none"}.`,
  ];
}

/** Told only where etcd's log tells of each. */
function ofElections({ runs }: Way): string {
  const waits = runs.flatMap((r) => r.election?.seconds ?? []);
  return waits.length === runs.length ? told(spread(waits)) : "not told";
}

const words: Record<Measure, string> = {
  firstWrite: "first write",
  failing: "seconds in which a client fails",
  total: "the whole act",
};

function ratioRows({ name, toFloor, toWaitingFloor, toHand }: ReturnType<typeof recoveryRatios>[number]): string[][] {
  const byHand = Object.entries(toHand ?? {}) as [keyof typeof words, Spread][];
  const floor = (which: string, ratio: Spread | undefined) =>
    ratio ? [[`${name}: first write, to ${which} and the engine's start together`, told(ratio), "1.25"]] : [];
  return [
    ...floor("its floor", toFloor),
    ...floor("the floor whose etcd elects itself by chance", toWaitingFloor),
    ...byHand.map(([key, ratio]) => [
      `${name}: ${words[key]}, to by hand`,
      told(ratio),
      key === "total" ? "1; with the real RKE 0.2" : "1",
    ]),
  ];
}

function sizeText(sizes: SizeResult[]): string[] {
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
  return [
    ...table(
      [
        "data, MB",
        "method",
        "first write, s",
        "the whole act, s",
        "written to the disk, MB",
        "bytes written per byte of data",
        "runs",
      ],
      sizes.map(({ method, runs }) => {
        const written = runs.flatMap((r) => r.writtenBytes ?? []);
        const perByte = runs.flatMap((r) => (r.writtenBytes === undefined ? [] : [r.writtenBytes / r.dataBytes]));
        return [
          megabytes(spread(runs.map((r) => r.dataBytes)).median),
          method,
          told(spread(runs.map((r) => r.firstWrite))),
          told(spread(runs.map((r) => r.total))),
          written.length === 0 ? "" : megabytes(spread(written).median),
          perByte.length === 0 ? "not measured: no disk of its own" : told(spread(perByte)),
          String(runs.length),
        ];
      }),
    ),
  ];
}

function clustersText({ hosts, previews, failovers }: ClustersResult): string[] {
  const [alone] = failovers;
  const row = (what: string, run: ClustersRun) => [
    what,
    String(run.clusters),
    String(run.atOnce),
    figure(run.slowest),
    figure(run.whole),
    figure(run.processorToSlowest / run.clusters),
    figure(run.processor / run.clusters),
    run.bytes === undefined ? "" : figure(run.bytes / 2 ** 20),
  ];
  return [
    `Clusters of ${hosts} hosts each, of which SSH servers in one process stand in for the survivors; steps there take a fixed time, and do nothing.`,
    "",
    ...table(
      [
        "command",
        "clusters",
        "at once",
        "slowest first write (preview: all), s",
        "the whole command, s",
        "processor time for each cluster until then, s",
        "in all, s",
        "memory at most, MiB",
      ],
      [...previews.map((run) => row("preview", run)), ...failovers.map((run) => row("failover", run))],
    ),
    "",
    ...failovers.flatMap((run) => (alone === undefined || run === alone ? [] : [againstAlone(alone, run)])),
  ];
}

function againstAlone(alone: ClustersRun, run: ClustersRun): string {
  const each = run.processorToSlowest / run.clusters / alone.processorToSlowest;
  const best = atBest(alone, run.clusters);
  return `- ${run.clusters} clusters, ${run.atOnce} at once: until the slowest first write each takes ${figure(each)} times the processor time of one alone (target: 2); it comes after ${figure(run.slowest)} s, ${figure(run.slowest / best)} times the ${figure(best)} s that these processors permit at best (target: 2, on a machine that does nothing else).`;
}

function previewText({ previews, rendering }: { previews: PreviewResult[]; rendering: PureCosts[] }): string[] {
  const of = (result: PreviewResult, key: "seconds" | "processor" | "bytes") =>
    spread(result.program.map((metered) => metered[key] / (key === "bytes" ? 2 ** 20 : 1)));
  const [least, most] = [previews[0], previews.at(-1)];
  const [small, large] = rendering.slice(-2);
  return [
    ...table(
      [
        "hosts",
        "`pulumi preview`, s",
        "of it the program, s",
        "the program's processor time, s",
        "its memory, MiB",
        "printed, characters",
        "runs",
      ],
      previews.map((p) => [
        String(p.hosts),
        told(spread(p.whole)),
        told(of(p, "seconds")),
        told(of(p, "processor")),
        told(of(p, "bytes")),
        String(p.printed),
        String(p.whole.length),
      ]),
    ),
    "",
    ...(least && most && least !== most
      ? [
          `The program's processor time with ${most.hosts} hosts is ${figure(of(most, "processor").median / of(least, "processor").median)} times that with ${least.hosts} (target: 2); the preview takes ${figure(spread(least.whole).median)} s with ${least.hosts} hosts (target: 3).`,
          "",
        ]
      : []),
    "Milliseconds of processor time of the parts without side effects, the least of several runs:",
    "",
    ...table(
      ["hosts", "topology read", "facts read", "planned", "described", "rendered", "preview's text, characters"],
      rendering.map((c) => [
        String(c.hosts),
        ...[c.topology, c.facts, c.plan, c.words, c.pages].map(figure),
        String(c.previewLength),
      ]),
    ),
    ...(small && large
      ? [
          "",
          `From ${small.hosts} to ${large.hosts} hosts the cost of rendering grows with the power ${figure(growth({ size: small.hosts, cost: small.pages }, { size: large.hosts, cost: large.pages }))} of their number (1 is linear).`,
        ]
      : []),
  ];
}
