import type { Reachable } from "../facts/facts";
import type { StepResult } from "../facts/step-records";
import type { Host } from "../topology/topology";
import type { StepName } from "./names";
import { type Phase, phaseOf } from "./phases";

/** One thing done on one host by one script of `on-host/`. */
export interface Step {
  /** Unique in the deployment: `SCRIPT-HOST`. */
  name: string;
  /** The concept that it belongs to: the component that holds the resource. */
  part:
    | "Claim"
    | "Quarantine"
    | "ReturnGuard"
    | "EtcdMember"
    | "KubeApiServer"
    | "RkeCluster"
    | "Cleanup"
    | "Verification"
    | "Evidence"
    | "SshTrust"
    | "DeployHost"
    | "Snapshots";
  /** Its script; the host keeps its result under the same name. */
  script: StepName;
  /** Its phase: what the step may change, and when it may run. */
  phase: Phase;
  host: Host;
  arguments: string[];
  /** The script's input on stdin. */
  data: string;
  /** Steps that the script does, one after the other, on each of many other hosts; their scripts and data follow on its stdin. */
  onEach?: { script: StepName; data: string; limit: number }[];
  /** SSH's users on the other hosts to which the script goes on from there; it gets the command lines for them with its data. */
  onwardUsers?: string[];
  /** Names of steps that must have ended. */
  after: string[];
  /** Those of them, on the same host, that the script waits for there: it is sent while they still run. */
  beside?: string[];
  /** Seconds after which the step is ended and counts as failed. */
  limit: number;
  /** A sentence for people: the step's effect. */
  words: string;
  /** False if the facts show that this step's result is gone. True if no fact can show it: then only the record counts. */
  intact: boolean;
  /** True if the step has nothing to do now: without a record of it, it runs once, and the steps after it needn't run for that. */
  idle?: boolean;
}

export interface ScheduledStep extends Step {
  /** A new number makes Pulumi run the step. The recorded number if nothing is to be done, else a later one. */
  generation: number;
  due: boolean;
}

/** A step with the usual values. */
export function step(script: StepName, host: Host, part: Step["part"], rest: Partial<Step> = {}): Step {
  const made: Step = {
    name: "",
    part,
    script,
    phase: phaseOf(script),
    host,
    arguments: [],
    data: "",
    after: [],
    limit: 180,
    words: "",
    intact: true,
    ...rest,
  };
  return { ...made, name: `${made.script}-${host.name}` };
}

/**
 * Decides which steps have to run: those without a record of this epoch, those whose work isn't intact, and those after
 * one that runs. Pulumi sees no drift: a changed generation is what makes it run a step again. It is a time, so that it
 * differs from whatever Pulumi's state may hold of a host that has lost its record since.
 *
 * @param now Unix milliseconds
 */
export function schedule(
  steps: Step[],
  epoch: number,
  facts: (host: Host) => Reachable | undefined,
  now: number,
): ScheduledStep[] {
  const due = new Set<string>();
  return steps.map((step) => {
    const record = ofEpoch(facts(step.host)?.steps[step.script], epoch);
    if ((!record && !step.idle) || !step.intact || step.after.some((name) => due.has(name))) {
      due.add(step.name);
    }
    const generation = record && !due.has(step.name) ? record.generation : now;
    return { ...step, generation, due: due.has(step.name) };
  });
}

/** Their names, as `after` takes them. */
export const stepNames = (steps: Step[]): string[] => steps.map((s) => s.name);

const ofEpoch = (record: StepResult | undefined, epoch: number) => (record?.epoch === epoch ? record : undefined);
