import { join } from "node:path";
import { Drill } from "../drill/drill";
import { takeSnapshot } from "../drill/snapshot";
import type { Lab } from "../lab/lab";
import { say } from "../lab/machine/progress";
import { forgetDisks } from "./checkpoint";
import { type Recovery, Scene } from "./scene";
import { ratios, type Spread, spread } from "./statistics";
import { byProgram, engineStart, floor, manual, type ProgramRun } from "./ways";

/** One way to recover, measured several times. */
export interface Way {
  name: string;
  kind: "program" | "by hand" | "floor";
  /** Names of what it is compared with. */
  floor?: string;
  /** The floor whose etcd isn't told to elect itself, as any other program has it. */
  waitingFloor?: string;
  byHand?: string;
  runs: Run[];
}

export interface Run extends Recovery, Partial<Pick<ProgramRun, "steps" | "commandAt">> {
  /** From 1 on; what is compared comes from the same one. */
  run: number;
}

export interface RecoveryResult {
  ways: Way[];
  /** Seconds of a `pulumi up` whose program does nothing, a value a run. */
  engineStart: number[];
  standIns: string[];
}

interface Part extends Omit<Way, "runs"> {
  /** The one that most failovers go, and its floor, are measured in each run, the others in each second one. */
  always?: boolean;
  act(scene: Scene, name: string): Promise<Omit<Run, "run">>;
}

const seed: Part[] = [
  {
    name: "up: force, from a voter",
    kind: "program",
    always: true,
    floor: "floor: force",
    waitingFloor: "floor: force, etcd elects itself by chance",
    byHand: "by hand: force",
    act: (scene, name) => byProgram(scene, name, {}),
  },
  { name: "floor: force", kind: "floor", always: true, act: (scene, name) => floor(scene, name, "force") },
  {
    name: "floor: force, etcd elects itself by chance",
    kind: "floor",
    always: true,
    act: (scene, name) => floor(scene, name, "force", "by chance"),
  },
  { name: "by hand: force", kind: "by hand", act: manual },
  {
    name: "up: restore, from a snapshot",
    kind: "program",
    floor: "floor: restore, of a snapshot",
    act: (scene, name) => byProgram(scene, name, { from: "snapshot" }),
  },
  { name: "floor: restore, of a snapshot", kind: "floor", act: (scene, name) => floor(scene, name, "newest snapshot") },
];

const learner: Part[] = [
  {
    name: "up: restore, from a learner",
    kind: "program",
    floor: "floor: restore, of a learner's database",
    act: (scene, name) => byProgram(scene, name, {}),
  },
  {
    name: "floor: restore, of a learner's database",
    kind: "floor",
    act: (scene, name) => floor(scene, name, "database"),
  },
];

/** @param folder for logs */
export async function measureRecovery(lab: Lab, folder: string, runs: number): Promise<RecoveryResult> {
  const result: RecoveryResult = { ways: [], engineStart: [], standIns: [] };
  await onStage(lab, undefined, async () => {
    const scene = await Scene.build(lab, folder, async (built) => {
      const to = lab.hosts().find((h) => h.name === built.survivor);
      if (to) await takeSnapshot(new Drill(lab, folder), to);
    });
    result.standIns = lab.standIns();
    result.ways.push(...(await inTurn(scene, seed, runs, result.engineStart)));
  });
  await onStage(lab, join(__dirname, "../topologies/learner.yaml"), async () => {
    const scene = await Scene.build(lab, folder);
    result.ways.push(...(await inTurn(scene, learner, runs)));
  });
  return result;
}

export async function onStage(lab: Lab, topology: string | undefined, work: () => Promise<void>): Promise<void> {
  try {
    await lab.up(topology === undefined ? {} : { topology });
    await work();
  } finally {
    await lab.down();
    await forgetDisks(lab.place);
  }
}

/** In turn, not one after the other: what else the machine does falls on all alike. */
async function inTurn(scene: Scene, parts: Part[], runs: number, starts?: number[]): Promise<Way[]> {
  const ways = parts.map(({ act, always, ...part }) => ({ act, always, way: { ...part, runs: [] } as Way }));
  for (let run = 1; run <= runs; run++) {
    for (const { act, always, way } of ways) {
      if (!always && run % 2 === 0) continue;
      say(`bench: run ${run} of ${runs}: ${way.name}`);
      way.runs.push({ run, ...(await act(scene, way.name)) });
    }
    starts?.push(await engineStart(scene, run));
  }
  return ways.map(({ way }) => way);
}

export type Measure = "firstWrite" | "failing" | "total";

/** The figures that targets are set for. */
export interface RecoveryRatios {
  name: string;
  /** First write, against floor and engine start together: 1.25 at most. */
  toFloor?: Spread;
  /** The same against the floor whose etcd elects itself by chance. */
  toWaitingFloor?: Spread;
  toHand?: Record<Measure, Spread>;
}

export function recoveryRatios({ ways, engineStart }: RecoveryResult): RecoveryRatios[] {
  const runsOf = (name: string | undefined) => ways.find((way) => way.name === name)?.runs ?? [];
  return ways
    .filter((way) => way.kind === "program")
    .map(({ name, runs, floor, waitingFloor, byHand }) => {
      const to = (other: string | undefined, value: (run: Run) => number, unavoidable = value) => {
        const pairs = runsOf(other).flatMap((r) => {
          const own = runs.find((o) => o.run === r.run);
          return own ? [{ own: value(own), other: unavoidable(r) }] : [];
        });
        return ratios(
          pairs.map((p) => p.own),
          pairs.map((p) => p.other),
        );
      };
      const start = (run: number) => engineStart[run - 1] ?? Number.NaN;
      const withStart = (value: (run: Run) => number) => (r: Run) => value(r) + start(r.run);
      const firstWrite = (r: Run) => r.firstWrite;
      return {
        name,
        ...(floor ? { toFloor: to(floor, firstWrite, withStart(firstWrite)) } : {}),
        ...(waitingFloor ? { toWaitingFloor: to(waitingFloor, firstWrite, withStart(firstWrite)) } : {}),
        ...(byHand
          ? {
              toHand: {
                firstWrite: to(byHand, firstWrite),
                failing: to(byHand, (r) => r.failing),
                total: to(byHand, (r) => r.total),
              },
            }
          : {}),
      };
    });
}

export const spreadOf = (way: Way, key: Measure): Spread => spread(way.runs.map((r) => r[key]));
