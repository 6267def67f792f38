/** `npm run campaign`: disasters by chance, judged by their history. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { endWith } from "../lab/command-end";
import type { Lab } from "../lab/lab";
import { withLock } from "../lab/machine/lock";
import { say } from "../lab/machine/progress";
import { LabError } from "../lab/machine/run";
import { AXES, type CampaignInstaller, type Choices, INSTALLERS } from "./draw/axes";
import { draw, fitted, remarkable, seedsThatDraw } from "./draw/draw";
import { shrink } from "./draw/shrink";
import type { Entry, Rules } from "./judge/history";
import { type Fault, judge, notCounted } from "./judge/judge";
import { writePage } from "./page";
import { CampaignPlace, PROGRAM_FOLDER } from "./place";
import { runOn } from "./run/run";
import type { RunRecord } from "./table/record";
import { clearWorlds, makeWorld, raiseWorld } from "./worlds";

const USAGE = `npm run campaign [-- OPTIONS]

Draws disasters by seed, runs them in labs of its own on this machine, and judges what each leaves behind. The first run with a topology
and an etcd builds their cluster, some minutes; its disks are kept, and later runs begin with them. Records and kept disks are in
CAMPAIGN_DIR (default: ~/.local/state/rke-dr-campaign). LAB_PROGRAM names another checkout of the program to try.

  --seed N         the first seed; default: by the clock
  --runs K         so many runs, with the seeds from N on; default 1
  --minutes M      no further run begins after so long
  --installer rke|kubeadm   who makes the clusters; default rke
  --choose "AXIS: VALUE; ..."   these choices, and the plainest of all others, in place of a drawn run
  --only "AXIS: VALUE; ..."     seeds that draw otherwise are passed over; so few clusters serve many runs
  --draw           prints the choices only
  --shrink K       a failing run is shrunk by at most K further runs
  --write          writes docs/campaign.md from the records; without --seed, --runs and --choose it runs nothing
  --judge FOLDER   judges the recorded history of a run once more
  --help

Exit code 1 if a run had a fault.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      runs: { type: "string" },
      minutes: { type: "string" },
      installer: { type: "string" },
      choose: { type: "string" },
      only: { type: "string" },
      draw: { type: "boolean" },
      shrink: { type: "string" },
      write: { type: "boolean" },
      judge: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (values.judge !== undefined) return judgeAgain(values.judge);
  const place = new CampaignPlace();
  const runs = values.seed ?? values.runs ?? values.minutes ?? values.choose ?? values.draw;
  if (values.write && runs === undefined) return page(place);
  const installer = installerOf(values.installer);
  const seed = number("--seed", values.seed, Math.floor(Date.now() / 1000) % 1_000_000);
  const count = number("--runs", values.runs, values.minutes === undefined ? 1 : 1000);
  const minutes = number("--minutes", values.minutes, Number.POSITIVE_INFINITY);
  const tries = number("--shrink", values.shrink, 0);
  const until = Date.now() + minutes * 60_000;
  const chosen = values.choose === undefined ? undefined : choicesOf(values.choose, installer);
  const only = pairsIn("--only", values.only ?? "");
  const seeds = firstOf(count, chosen === undefined ? seedsOf(seed, installer, only) : repeated(seed));
  if (values.draw) return drawn(seeds, installer);
  const campaign = () => campaignOf(place, { seeds, until, tries, installer, chosen });
  const failed = await withLock(place.dir, "the campaign in this folder (CAMPAIGN_DIR names another)", 0, campaign);
  if (values.write) page(place);
  return failed > 0 ? 1 : 0;
}

function drawn(seeds: Iterable<number>, installer: CampaignInstaller): number {
  for (const seed of seeds) process.stdout.write(lineOf(seed, draw(seed, installer)));
  return 0;
}

/** Seeds are drawn when their turn comes: within --minutes nobody knows how many it will be. */
function* seedsOf(first: number, installer: CampaignInstaller, only: Choices): Generator<number> {
  try {
    yield* seedsThatDraw(first, installer, only);
  } catch (error) {
    throw new LabError(`--only: ${(error as Error).message}`);
  }
}
function* repeated(seed: number): Generator<number> {
  for (;;) yield seed;
}
function* firstOf(count: number, seeds: Iterable<number>): Generator<number> {
  let left = count;
  if (left > 0) {
    for (const seed of seeds) {
      yield seed;
      if (--left === 0) return;
    }
  }
}

const lineOf = (seed: number, choices: Choices): string =>
  `seed ${seed}: ${remarkable(choices).join("; ") || "the plainest run"}\n`;

interface Campaign {
  seeds: Iterable<number>;
  /** No run begins after it; Unix milliseconds. */
  until: number;
  /** The most runs that shrink a failing one. */
  tries: number;
  installer: CampaignInstaller;
  chosen: Choices | undefined;
}

/** @returns the number of runs with a fault */
async function campaignOf(place: CampaignPlace, { seeds, until, tries, installer, chosen }: Campaign) {
  await clearWorlds(place);
  let failed = 0;
  let begun = 0;
  for (const seed of seeds) {
    if (begun++ > 0 && Date.now() >= until) break;
    const choices = chosen ?? draw(seed, installer);
    process.stdout.write(lineOf(seed, choices));
    const record = await oneRun(place, seed, choices);
    if (record.faults.length === 0) continue;
    failed++;
    if (tries > 0) await shrunk(place, record, tries);
  }
  return failed;
}

/** Runs the choices, judges them, records and prints the result. */
async function oneRun(place: CampaignPlace, seed: number, choices: Choices, shrunkFrom?: number): Promise<RunRecord> {
  const folder = place.run(seed);
  let began = Date.now();
  const recorded = (faults: Fault[], reached: string[], why: string | undefined): RunRecord => {
    const record: RunRecord = {
      seed,
      choices,
      commit: commit(),
      at: new Date(began).toISOString(),
      seconds: Math.round((Date.now() - began) / 1000),
      faults: why === undefined ? faults : [],
      reached,
      ...(shrunkFrom === undefined ? {} : { shrunkFrom }),
      ...(why === undefined ? {} : { notCounted: why }),
    };
    place.record(record);
    const result = why === undefined ? (faults.length === 0 ? "no fault" : "FAULT") : `not counted: ${why}`;
    process.stdout.write(`seed ${seed}: ${result}, ${record.seconds} s; ${folder}\n`);
    for (const { rule, what } of record.faults) process.stdout.write(`  ${rule}: ${what.slice(0, 600)}\n`);
    return record;
  };
  let lab: Lab;
  try {
    await makeWorld(place, choices);
    began = Date.now();
    lab = await raiseWorld(place, choices);
  } catch (error) {
    return recorded([], [], `the lab's hosts didn't come up: ${error instanceof Error ? error.message : error}`);
  }
  try {
    const { history, reached } = await runOn(lab, choices, folder);
    const record = recorded(judge(history), reached, notCounted(history));
    writeFileSync(join(folder, "run.json"), `${JSON.stringify({ ...record, rules: history.rules }, null, 2)}\n`);
    writeFileSync(join(folder, "judged.jsonl"), history.entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
    return record;
  } finally {
    await lab.down();
  }
}

async function shrunk(place: CampaignPlace, failing: RunRecord, tries: number): Promise<void> {
  const rules = new Set(failing.faults.map(({ rule }) => rule));
  const fails = async (choices: Choices) => {
    process.stdout.write(`shrinking seed ${failing.seed}: ${remarkable(choices).join("; ") || "the plainest run"}\n`);
    const { faults } = await oneRun(place, failing.seed, choices, failing.seed);
    return faults.some(({ rule }) => rules.has(rule));
  };
  const { choices } = await shrink(failing.choices, fails, tries);
  process.stdout.write(`seed ${failing.seed}, shrunk: --choose "${remarkable(choices).join("; ")}"\n`);
}

function judgeAgain(folder: string): number {
  const lines = readFileSync(join(folder, "judged.jsonl"), "utf8").split("\n").filter(Boolean);
  const { rules } = JSON.parse(readFileSync(join(folder, "run.json"), "utf8")) as { rules: Rules };
  const faults = judge({ rules, entries: lines.map((line) => JSON.parse(line) as Entry) });
  for (const { rule, what } of faults) process.stdout.write(`${rule}: ${what}\n`);
  if (faults.length === 0) process.stdout.write("no fault\n");
  return faults.length === 0 ? 0 : 1;
}

function page(place: CampaignPlace): number {
  say(`campaign: ${writePage(place.records())} is written`);
  return 0;
}

function installerOf(text = "rke"): CampaignInstaller {
  const found = INSTALLERS.find((name) => name === text);
  if (!found) throw new LabError(`--installer: must be ${INSTALLERS.join(" or ")}: "${text}"`);
  return found;
}

function number(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^\d+$/.test(text)) throw new LabError(`${option}: must be a whole number: "${text}"`);
  return Number(text);
}

/** Reads "AXIS: VALUE; ...". */
function pairsIn(option: string, text: string): Record<string, string> {
  const pairs = text
    .split(";")
    .map((pair) => pair.trim())
    .filter(Boolean);
  return Object.fromEntries(
    pairs.map((pair) => {
      const [axis = "", value] = pair.split(": ");
      const known = AXES.find(({ name }) => name === axis);
      if (value === undefined || !known)
        throw new LabError(
          `${option}: must be "AXIS: VALUE; ...", axes are ${AXES.map((a) => a.name).join(", ")}: "${pair}"`,
        );
      return [axis, value];
    }),
  );
}

function choicesOf(text: string, installer: CampaignInstaller): Choices {
  const wanted: Record<string, string> = { installer, ...pairsIn("--choose", text) };
  let choices: Choices;
  try {
    choices = fitted(wanted);
  } catch (error) {
    throw new LabError(`--choose: ${(error as Error).message}`);
  }
  const changed = Object.entries(wanted).filter(([axis, value]) => choices[axis] !== value);
  if (changed.length > 0)
    throw new LabError(
      `--choose: values must fit each other: ${changed.map(([axis, value]) => `${axis}: ${value}`).join("; ")}`,
    );
  return choices;
}

const commit = (): string =>
  execFileSync("git", ["-C", PROGRAM_FOLDER, "rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();

endWith(main());
