import type { FailedStep } from "../plan/facts/preflight";
import type { StepResult } from "../plan/facts/step-records";
import type { Evidence, PlannedStep } from "./evidence";
import { type AgainstTarget, dataLoss, type Gap, recoveryTime, withoutWrites } from "./targets";

export interface ReportedStep extends PlannedStep {
  outcome: "done" | "failed" | "running" | "not run";
  /** The exit code of the command on the host. */
  exit?: number;
  /** ISO time of the host's clock. */
  startedAt?: string;
  /** Of a step that runs: so far. */
  seconds?: number;
  /** Changes that the step made, a line each; of a step that runs, what it has said so far. */
  did: string[];
  facts?: Record<string, string>;
  error?: string;
}

/** Data or a container that was kept on a host instead of being deleted. */
export interface SetAside {
  host: string;
  what: string;
  /** Undefined for a container: its data is counted by itself. */
  bytes?: number;
}

/** A host as the topology has it. */
export interface ReportedHost {
  name: string;
  datacenter: string;
  address: string;
  /** The host's roles in the cluster, for people. */
  roles: string[];
}

/** A step that runs now. */
export interface RunningNow {
  step: string;
  host: string;
  /** Unix milliseconds of the host's clock. */
  startedAt: number;
  seconds: number;
  said: string[];
}

/** What a report may have besides the hosts' records. */
export interface Beside {
  hosts?: ReportedHost[];
  running?: RunningNow[];
  /** Unix milliseconds, if the act may still go on: then figures that aren't final are those of this moment. */
  now?: number;
}

/** One act: the decisions before its first change, and the hosts' records of its steps. */
export interface ActReport extends Omit<Evidence, "planned" | "commandAt"> {
  outcome: "finished" | "unfinished" | "failed" | "running";
  /** ISO times; of the operator's clock, the others of the hosts'. */
  startedAt: string;
  firstWriteAt?: string;
  endedAt?: string;
  rto: AgainstTarget;
  rpo: AgainstTarget;
  gap: Gap;
  /** The cluster's hosts; undefined if the report was made without the topology. */
  hosts?: ReportedHost[];
  steps: ReportedStep[];
  setAside: SetAside[];
}

/**
 * @param results what the hosts recorded, of any epoch: only those of this act's epoch count
 * @param failures of steps that ended with an error and haven't succeeded since
 */
export function actReport(
  evidence: Evidence,
  results: StepResult[],
  failures: FailedStep[] = [],
  { hosts, running = [], now }: Beside = {},
): ActReport {
  const isPlanned = (r: StepResult) => evidence.planned.some((p) => p.step === r.step && p.host === r.host);
  const own = results.filter((r) => r.epoch === evidence.epoch && isPlanned(r));
  const steps = evidence.planned
    .map((planned) =>
      reported(
        planned,
        own,
        failures.filter((f) => f.epoch === evidence.epoch),
        running,
      ),
    )
    .sort((a, b) => orderOf(a) - orderOf(b));
  const accepted = own.map((r) => r.facts.acceptedAt).find((at) => at !== undefined);
  const firstWriteAt = accepted === undefined ? undefined : Number(accepted);
  const ends = own.map((r) => r.startedAt + r.milliseconds);
  const { planned: _planned, commandAt, ...rest } = evidence;
  return {
    ...rest,
    outcome: outcomeOf(steps),
    startedAt: iso(commandAt),
    ...(firstWriteAt === undefined ? {} : { firstWriteAt: iso(firstWriteAt) }),
    ...(ends.length === 0 ? {} : { endedAt: iso(Math.max(...ends)) }),
    rto: recoveryTime(evidence, firstWriteAt, now),
    rpo: dataLoss(evidence),
    gap: withoutWrites(evidence, firstWriteAt, now),
    ...(hosts === undefined ? {} : { hosts }),
    steps,
    setAside: own.flatMap(kept),
  };
}

function outcomeOf(steps: ReportedStep[]): ActReport["outcome"] {
  const some = (outcome: ReportedStep["outcome"]) => steps.some((s) => s.outcome === outcome);
  if (some("running")) return "running";
  if (some("failed")) return "failed";
  return some("not run") ? "unfinished" : "finished";
}

function reported(
  planned: PlannedStep,
  results: StepResult[],
  failures: FailedStep[],
  running: RunningNow[],
): ReportedStep {
  const same = (r: { step: string; host: string }) => r.step === planned.step && r.host === planned.host;
  const failure = failures.find(same);
  const result = results.find(same);
  const now = running.find(same);
  // a step that has ended has its record a moment before its process is gone
  if (now && now.startedAt > (failure?.startedAt ?? 0) + (failure?.milliseconds ?? 0) && !endedSince(now, result)) {
    return { ...planned, outcome: "running", startedAt: iso(now.startedAt), seconds: now.seconds, did: now.said };
  }
  // a step that was repeated and failed keeps the record of its earlier success
  if (failure && (!result || failure.startedAt > result.startedAt)) {
    return {
      ...planned,
      outcome: "failed",
      exit: failure.exit,
      startedAt: iso(failure.startedAt),
      seconds: failure.milliseconds / 1000,
      did: failure.did,
      error: failure.error,
    };
  }
  if (!result) {
    return { ...planned, outcome: "not run", did: [] };
  }
  return {
    ...planned,
    outcome: "done",
    exit: 0, // a host records a step only when its command has ended well
    startedAt: iso(result.startedAt),
    seconds: result.milliseconds / 1000,
    did: result.did,
    ...(Object.keys(result.facts).length > 0 ? { facts: result.facts } : {}),
  };
}

const endedSince = (now: RunningNow, result: StepResult | undefined): boolean =>
  result !== undefined && result.startedAt + result.milliseconds >= now.startedAt;

const orderOf = (step: ReportedStep): number =>
  step.startedAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(step.startedAt);

/** Steps record what they set aside as facts "aside WHAT": bytes, or nothing for a container. */
function kept(result: StepResult): SetAside[] {
  return Object.entries(result.facts)
    .filter(([key]) => key.startsWith("aside "))
    .map(([key, bytes]) => ({
      host: result.host,
      what: key.slice("aside ".length),
      ...(bytes === "" ? {} : { bytes: Number(bytes) }),
    }));
}

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();
