/** Processes told apart by pid and start time: a pid alone may meanwhile be someone else's. */
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessMark {
  pid: number;
  /** Clock ticks from boot to the process's start: field 22 of /proc/PID/stat. */
  startTime: string;
}

export interface ProcessStat extends ProcessMark {
  parent: number;
  state: string;
  /** Of the program, at most 15 characters. */
  name: string;
}

/** Reads a line of /proc/PID/stat. The name in parentheses may hold blanks and parentheses itself. */
export function parseStat(stat: string): ProcessStat | undefined {
  const open = stat.indexOf("(");
  const close = stat.lastIndexOf(")");
  if (open < 0 || close < 0) return undefined;
  const rest = stat.slice(close + 2).split(" ");
  const [state, parent] = rest;
  const startTime = rest[19];
  const pid = Number.parseInt(stat.slice(0, open), 10);
  if (!state || !parent || !startTime || Number.isNaN(pid)) return undefined;
  return { pid, name: stat.slice(open + 1, close), state, parent: Number(parent), startTime };
}

export function readMark(file: string): ProcessMark | undefined {
  try {
    const stat = parseStat(readFileSync(file, "utf8"));
    return stat && { pid: stat.pid, startTime: stat.startTime };
  } catch {
    return undefined;
  }
}

export const ownMark = (): ProcessMark => readMark("/proc/self/stat") ?? { pid: process.pid, startTime: "0" };

export function isAlive(mark: ProcessMark | undefined): boolean {
  if (!mark) return false;
  const now = readStat(mark.pid);
  return now !== undefined && now.startTime === mark.startTime && now.state !== "Z";
}

/** Children of a process that lives; none if it is gone. */
export function childrenOf(mark: ProcessMark): ProcessMark[] {
  if (!isAlive(mark)) return [];
  return allStats().filter((stat) => stat.parent === mark.pid);
}

export function allStats() {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStat(Number(name)) ?? []);
}

export function kill(mark: ProcessMark, signal: NodeJS.Signals = "SIGKILL"): void {
  if (!isAlive(mark)) return;
  try {
    process.kill(mark.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function readStat(pid: number) {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined;
  }
}
