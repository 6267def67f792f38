/** The campaign's page: what was drawn how often, what came about, what failed, and what no run reached. */
import { AXES, NOT_RUN } from "../draw/axes";
import { remarkable, valuesOf } from "../draw/draw";
import type { RunRecord } from "./record";

/** The page between its head and its end, in Markdown. */
export function campaignTable(records: readonly RunRecord[]): string {
  const counted = records.filter((r) => r.notCounted === undefined && r.shrunkFrom === undefined);
  const installers = [...new Set(counted.map((r) => r.choices.installer ?? "rke"))];
  return [
    ...(counted.length === 0 ? ["No run is recorded yet.", ""] : []),
    ...installers.flatMap((installer) =>
      ofInstaller(
        installer,
        counted.filter((r) => (r.choices.installer ?? "rke") === installer),
      ),
    ),
    ...failures(records),
    ...notDrawn(),
    ...leftOut(records),
  ].join("\n");
}

function ofInstaller(installer: string, runs: readonly RunRecord[]): string[] {
  const failed = runs.filter((r) => r.faults.length > 0);
  const seconds = runs.map((r) => r.seconds).sort((a, b) => a - b);
  const rows = AXES.flatMap((axis) =>
    valuesOf(axis, installer).map((value) => {
      const { name } = axis;
      const drawn = runs.filter((r) => r.choices[name] === value.name);
      const reached = drawn.filter((r) => r.reached.includes(`${name}: ${value.name}`));
      return {
        name: `${name}: ${value.name}`,
        drawn: drawn.length,
        reached: reached.length,
        failed: drawn.filter((r) => r.faults.length > 0).length,
      };
    }),
  );
  const unreached = rows.filter((r) => r.reached === 0);
  return [
    `## ${installer}`,
    "",
    `${runs.length} runs, ${failed.length} of them with a fault; ${seconds[0] ?? 0} to ${seconds.at(-1) ?? 0} s each, half of them within ${seconds[Math.floor((seconds.length - 1) / 2)] ?? 0} s.`,
    "",
    "| choice | drawn | came about | with a fault |",
    "| --- | --- | --- | --- |",
    ...rows.filter((r) => r.reached > 0).map((r) => `| ${r.name} | ${r.drawn} | ${r.reached} | ${r.failed} |`),
    "",
    `**No run reached**: ${unreached.map((r) => `${r.name} (drawn ${r.drawn})`).join("; ") || "nothing"}.`,
    "",
    "| seed | commit | seconds | choices | result |",
    "| --- | --- | --- | --- | --- |",
    ...runs.map(
      (r) =>
        `| ${r.seed} | \`${r.commit}\` | ${r.seconds} | ${remarkable(r.choices).join("; ") || "the plainest run"} | ${resultOf(r)} |`,
    ),
    "",
  ];
}

const resultOf = ({ faults }: RunRecord): string =>
  faults.length === 0 ? "no fault" : [...new Set(faults.map((f) => f.rule))].join("; ");

const seedOf = ({ seed, shrunkFrom = seed, choices: { installer = "rke" } }: RunRecord): string =>
  `${installer}, seed ${shrunkFrom}`;

/** Failing runs by what they were shrunk to. */
function failures(records: readonly RunRecord[]): string[] {
  const failing = records.filter((r) => r.faults.length > 0 && r.notCounted === undefined);
  if (failing.length === 0) return [];
  // a seed draws other choices for each installer
  const seeds = [...new Set(failing.map(seedOf))];
  return [
    "## Faults",
    "",
    ...seeds.flatMap((seed) => {
      const of = failing.filter((r) => seedOf(r) === seed);
      const smallest = of.reduce((a, b) => (remarkable(b.choices).length < remarkable(a.choices).length ? b : a));
      const what = smallest.faults.map((f) => `${f.rule}: ${oneLine(f.what)}`);
      return [
        `- ${seed}, shrunk to ${remarkable(smallest.choices).join("; ") || "the plainest run"}: ${what.join("; ")}`,
      ];
    }),
    "",
  ];
}

function notDrawn(): string[] {
  return [
    "## Not drawn yet",
    "",
    ...Object.entries(NOT_RUN).map(([name, reason]) => `- installer: ${name}: ${reason}`),
    ...AXES.flatMap(({ name, notDrawn = {} }) =>
      Object.entries(notDrawn).map(([value, reason]) => `- ${name}: ${value}: ${reason}`),
    ),
    "",
  ];
}

function leftOut(records: readonly RunRecord[]): string[] {
  const left = records.filter((r) => r.notCounted !== undefined);
  return left.length === 0
    ? []
    : ["## Not counted", "", ...left.map((r) => `- seed ${r.seed}: ${oneLine(r.notCounted ?? "")}`), ""];
}

/** Words of hosts and programs, shortened and without what Markdown would read. */
const oneLine = (text: string): string =>
  text
    .replaceAll(/\s+/g, " ")
    .replaceAll(/[|`<>*_]/g, " ")
    .slice(0, 240);
