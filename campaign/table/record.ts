/** The record of a run: a line of JSON in the campaign's folder, and once the page is written also in git. */
import type { Choices } from "../draw/axes";
import type { Fault } from "../judge/judge";

export interface RunRecord {
  seed: number;
  choices: Choices;
  /** The program's commit, short. */
  commit: string;
  /** ISO time of the run's begin. The first four records were made from the page that there was before; of these only the day is known. */
  at: string;
  /** From the hosts' power on their kept disks to the last reading. */
  seconds: number;
  faults: Fault[];
  /** Choices that came about, "AXIS: VALUE" each: a moment can be over before it is seen. */
  reached: string[];
  /** The seed of the failing run that this one was shrunk from. */
  shrunkFrom?: number;
  /** Why it isn't counted: the lab failed, or the campaign itself. */
  notCounted?: string;
}

export const readRecords = (lines: string): RunRecord[] =>
  lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as RunRecord);

export const recordLines = (records: readonly RunRecord[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join("");

/** Those of both, each once, in the order of their begin: no two runs of a seed on one commit begin at the same time. */
export function together(some: readonly RunRecord[], others: readonly RunRecord[]): RunRecord[] {
  const all = new Map([...some, ...others].map((record) => [`${record.at} ${record.seed} ${record.commit}`, record]));
  return [...all.values()].sort((a, b) => a.at.localeCompare(b.at));
}
