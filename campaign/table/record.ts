/** The record of a run: a line of JSON in a file outside of git. */
import type { Choices } from "../draw/axes";
import type { Fault } from "../judge/judge";

export interface RunRecord {
  seed: number;
  choices: Choices;
  /** The program's commit, short. */
  commit: string;
  /** ISO time of the run's begin. */
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
