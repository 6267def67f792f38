import { type FenceResult, reliedOn } from "../plan/acts/failover/fence";
import type { FailoverPlan } from "../plan/acts/failover/plan";
import { pinnedHash, type Signing } from "../plan/acts/failover/signing";
import type { Source } from "../plan/etcd/source";
import { factsOf, type Observation } from "../plan/facts/observation";
import type { Verdict } from "../plan/guards/verdict";
import type { Topology } from "../plan/topology/topology";

export interface PlannedStep {
  step: string;
  host: string;
  words: string;
}

export interface ComparedSource {
  host: string;
  chosen: boolean;
  /** Kind and state of the source, for people. */
  words: string;
  revision?: number;
  /** ISO time of the newest Lease in it. */
  dataAsOf?: string;
}

/** Facts and decisions before an act's first change. Survivors keep them, so that a report can always be made. */
export interface Evidence {
  cluster: string;
  act: string;
  epoch: number;
  lost: string;
  lostHosts: string[];
  survivors: string[];
  method: string;
  /** Why the act could be sure that the lost side doesn't serve: fence, attestation, isolation. */
  reliedOn: string;
  fences: FenceResult[];
  source: string;
  revision?: number;
  /** ISO time, or "unknown". */
  dataAsOf: string;
  sources: ComparedSource[];
  guards: { guard: string; ok: boolean; found: string }[];
  targets: { rtoSeconds?: number; rpoSeconds?: number };
  /** Start of the command that made these decisions, by the operator's clock; Unix milliseconds. */
  commandAt: number;
  planned: PlannedStep[];
  /** The act's hash, and that of the act without facts of hosts; absent in records of earlier programs. */
  signed?: { hash: string; declared: string; pinned: boolean };
}

/**
 * @param fences what this act's fence commands did
 * @param commandAt when this run began, Unix milliseconds
 * @param signing the act's hashes
 */
export function failoverEvidence(
  topology: Topology,
  plan: FailoverPlan,
  verdicts: Verdict[],
  fences: FenceResult[],
  commandAt: number,
  signing?: Signing,
): Evidence {
  const source = plan.source;
  return {
    cluster: topology.cluster,
    act: plan.act,
    epoch: plan.settings.epoch,
    lost: plan.settings.lost,
    lostHosts: plan.lostHosts.map((h) => h.name),
    survivors: plan.survivors.map((h) => h.name),
    method: plan.method,
    reliedOn: reliedOn(plan, fences),
    fences,
    source: source?.name ?? "none",
    ...(source?.revision === undefined ? {} : { revision: source.revision }),
    dataAsOf: source?.dataAsOf === undefined ? "unknown" : new Date(source.dataAsOf).toISOString(),
    sources: plan.sources.map((s) => ({
      host: s.host.name,
      chosen: s === source,
      words: sourceState(s),
      ...(s.revision === undefined ? {} : { revision: s.revision }),
      ...(s.dataAsOf === undefined ? {} : { dataAsOf: new Date(s.dataAsOf).toISOString() }),
    })),
    guards: verdicts.map(({ guard, ok, found }) => ({ guard, ok, found })),
    targets: topology.targets,
    commandAt,
    planned: plan.steps
      .filter((s) => s.part !== "Evidence")
      .map((s) => ({ step: s.script, host: s.host.name, words: s.words })),
    ...(signing
      ? {
          signed: {
            // an act that goes on under the hash with which it was claimed keeps that one
            hash: pinnedHash(plan.settings) ?? signing.hash,
            declared: signing.declared,
            pinned: pinnedHash(plan.settings) !== undefined,
          },
        }
      : {}),
  };
}

function sourceState(s: Source): string {
  const state = s.etcd
    ? `etcd ${s.etcd.version}, ${s.etcd.dbBytes} bytes, ${s.etcd.quorum ? "with" : "without"} quorum`
    : "its etcd didn't answer";
  const what = s.kind === "snapshot" ? `snapshot ${s.name}` : `${s.kind}, ${state}`;
  return [what, ...s.problems].join("; ");
}

/** The key under which a host's plan holds the evidence. */
const key = "evidence";

/** Data of the claim steps, by step name: the plan's own lines, and the evidence. */
export function claimsWith(plan: FailoverPlan, evidence: Evidence): Record<string, string> {
  const added = [`fences=${JSON.stringify(evidence.fences)}`, `${key}=${JSON.stringify(evidence)}`];
  return Object.fromEntries(
    plan.steps.filter((s) => s.part === "Claim").map((s) => [s.name, [s.data, ...added].join("\n")]),
  );
}

/**
 * The evidence that the first run of this act recorded; undefined until the old etcd is set aside. From then on nothing is decided anew.
 */
export function recordedEvidence(plan: FailoverPlan, seen: Observation): Evidence | undefined {
  const text = plan.resumed
    ? plan.survivors.map((h) => factsOf(seen, h)?.plan[key]).find((line) => line !== undefined)
    : undefined;
  return text === undefined ? undefined : parseEvidence(text);
}

/**
 * The hashes with which this act has claimed survivors, also if the old etcd isn't set aside yet; undefined if it hasn't. What hosts report
 * may differ from then on, as after a power cut.
 */
export function recordedSigning(plan: FailoverPlan, seen: Observation): Evidence["signed"] {
  return plan.survivors
    .flatMap((h) => {
      const facts = factsOf(seen, h);
      const text = facts?.act === plan.act && facts.epoch === plan.settings.epoch ? facts.plan[key] : undefined;
      return text === undefined ? [] : [parseEvidence(text)?.signed];
    })
    .find((signed) => signed !== undefined);
}

/** @returns undefined if the text is cut, or isn't evidence */
export function parseEvidence(text: string): Evidence | undefined {
  try {
    const value = JSON.parse(text) as Evidence;
    return Array.isArray(value.planned) ? value : undefined;
  } catch {
    return undefined;
  }
}
