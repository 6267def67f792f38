import type { FailedStep } from "./preflight";
import { recordOf, type StepResult } from "./step-records";

/** A step whose process lives. Times are of the host's clock, Unix milliseconds. */
export interface RunningStep {
  step: string;
  epoch: number;
  startedAt: number;
}

/** A line of the host's own log of steps; it has a resolution of a second. */
export interface LogLine {
  at: number;
  step: string;
  text: string;
}

/** What the steps on one host record, as `on-host/look/progress.sh` prints it. */
export interface HostProgress {
  host: string;
  epoch: number;
  act: string | undefined;
  /** The line of the act's plan that holds its evidence; undefined if this host has none. */
  evidence: string | undefined;
  steps: StepResult[];
  failures: FailedStep[];
  running: RunningStep[];
  log: LogLine[];
  /** If etcd reads with a majority, and if kube-apiserver is ready; undefined if the host has none, or it isn't known yet. */
  serves: { etcd?: boolean; api?: boolean };
}

/** A reading of the host, at its clock's time in Unix milliseconds. */
export interface Beat {
  at: number;
  progress: HostProgress;
}

/**
 * Reads the output of `on-host/look/progress.sh` piece by piece.
 * @returns a function that takes the next piece, and returns the newest complete reading in all pieces so far if the piece completed one
 */
export function progressReader(host: string): (piece: string) => Beat | undefined {
  let rest = "";
  let progress: HostProgress | undefined;
  return (piece) => {
    rest += piece;
    let last: Beat | undefined;
    for (let found = beat.exec(rest); found; found = beat.exec(rest)) {
      const text = rest.slice(0, found.index);
      rest = rest.slice(found.index + found[0].length);
      progress = text.includes("@@ ") ? readingOf(host, text) : progress;
      if (progress) last = { at: Number(found[1]), progress };
    }
    return last;
  };
}

const beat = /^@@ beat (\d+)\n/m;

function readingOf(host: string, text: string): HostProgress {
  const sections = new Map(
    text
      .split(/^@@ /m)
      .slice(1)
      .map((part) => {
        const end = part.indexOf("\n");
        return [part.slice(0, end), part.slice(end + 1)] as const;
      }),
  );
  const lines = (name: string) => (sections.get(name) ?? "").split("\n").filter((line) => line !== "");
  const evidence = lines("plan").find((line) => line.startsWith("evidence="));
  return {
    host,
    epoch: Number(lines("epoch")[0] ?? 0),
    act: lines("act")[0],
    evidence: evidence?.slice("evidence=".length),
    steps: lines("steps").flatMap((line) => record<StepResult>(host, line)),
    failures: lines("failures").flatMap((line) => record<FailedStep>(host, line)),
    running: lines("running").map((line) => {
      const [step = "", epoch, startedAt] = line.split(" ");
      return { step, epoch: Number(epoch), startedAt: Number(startedAt) };
    }),
    log: lines("log").flatMap((line) => {
      const found = /^(\S+) epoch=\d+ (\S+): (.*)$/.exec(line);
      return found ? [{ at: Date.parse(found[1] ?? ""), step: found[2] ?? "", text: found[3] ?? "" }] : [];
    }),
    serves: Object.fromEntries(
      lines("serves")
        .map((line) => line.split(" "))
        .filter(([, word]) => word !== "unknown")
        .map(([name, word]) => [name, word === "yes"]),
    ),
  };
}

/** A line that was read while it was written is cut; the next reading has it whole. */
function record<T extends { host: string }>(host: string, line: string): T[] {
  try {
    return [recordOf<T>(host, line)];
  } catch {
    return [];
  }
}
