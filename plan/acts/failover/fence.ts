import { factsOf, type Observation } from "../../facts/observation";
import { apiPort } from "../../topology/servers";
import type { Host, Topology } from "../../topology/topology";
import { attestCommand, attesting, confirmationText, isAttested, wantedAttestation } from "./attestation";
import type { FailoverPlan } from "./plan";

/** A command that makes sure that a lost host is down and stays down; it runs on the operator's machine. */
export interface Fence {
  host: string;
  command: string;
}

export interface FenceResult extends Fence {
  /** The shell's exit code; "time limit" if it ran too long and was ended. */
  exit: number | "time limit";
  seconds: number;
  /** ISO time of the operator's clock, when it ended. */
  endedAt: string;
}

/** Seconds after which a fence command is ended and counts as failed. */
export const fenceLimit = 60;

/** Seconds within which a host must be silent after its fence. */
export const silentLimit = 15;

/** Those whose death must be sure: a lost member of etcd that lives could serve, and would lose what it acknowledges. */
const mustBeDown = (plan: FailoverPlan): Host[] => plan.lostHosts.filter((h) => h.etcd !== "none");

/** Lost members of etcd that the topology has no fence command for. */
export const unfenced = (topology: Topology, plan: FailoverPlan): Host[] =>
  mustBeDown(plan).filter((h) => topology.fence[h.name] === undefined);

/** Answers look like "HOST PORT" or "HOST PORT refused". */
export const answeringHost = (answer: string): string => answer.split(" ")[0] ?? "";

/**
 * True if a member's etcd or a control plane host's API accepts connections: then the host isn't lost, even if a fence could
 * stop it. A worker's port of the API doesn't count: with RKE its nginx-proxy listens there.
 */
export function serves(plan: FailoverPlan, answer: string): boolean {
  const [name, port, how] = answer.split(" ");
  const host = plan.lostHosts.find((h) => h.name === name);
  const has =
    (port === "2379" && host?.etcd !== "none") ||
    (host?.roles.includes("controlplane") === true && port === String(apiPort(host)));
  return has && how !== "refused";
}

export const allAnswers = (plan: FailoverPlan, seen: Observation): string[] => [
  ...seen.answers,
  ...plan.survivors.flatMap((h) => factsOf(seen, h)?.answers ?? []),
];

/** Fences that this act has run already, as the survivors recorded them when they were claimed. */
export function recordedFences(plan: FailoverPlan, seen: Observation): FenceResult[] {
  const [text] = plan.survivors.flatMap((h) => {
    const facts = factsOf(seen, h);
    return facts?.act === plan.act && facts.plan.fences ? [facts.plan.fences] : [];
  });
  try {
    return text === undefined ? [] : (JSON.parse(text) as FenceResult[]);
  } catch {
    return [];
  }
}

/**
 * The fences to run before anything else. A fence that succeeded in this act isn't run again unless its host answers. Once the
 * recovered etcd serves, no host is fenced: the lost hosts may be on again, for failback.
 */
export function fencesDue(topology: Topology, plan: FailoverPlan, seen: Observation): Fence[] {
  if (plan.stage !== "begins" || plan.steps.every((s) => !s.due)) {
    return [];
  }
  const down = new Set(recordedFences(plan, seen).flatMap((f) => (f.exit === 0 ? [f.host] : [])));
  const alive = new Set(allAnswers(plan, seen).map(answeringHost));
  return plan.lostHosts.flatMap((h) => {
    const command = topology.fence[h.name];
    const due = alive.has(h.name) || !(down.has(h.name) || plan.resumed);
    return command !== undefined && due ? [{ host: h.name, command }] : [];
  });
}

/** All results of this act: what was recorded, and what was run again since. */
export function mergedFences(recorded: FenceResult[], now: FenceResult[]): FenceResult[] {
  return [...recorded.filter((r) => !now.some((n) => n.host === r.host)), ...now];
}

/**
 * The reasons why the act must stop after the fences; empty if it may go on. The operator's attestation takes the place of a
 * fence that failed. A restored cluster needs neither, since it is isolated.
 */
export function fenceProblems(plan: FailoverPlan, results: FenceResult[]): string[] {
  return isAttested(plan.settings) || plan.method === "restore"
    ? []
    : results
        .filter((r) => r.exit !== 0)
        .map(
          (r) =>
            `${r.host}: \`${r.command}\` must succeed, ${ended(r)}; with rke-dr:attest "${wantedAttestation(plan.settings)}" your word takes its place: \`${attestCommand(plan.settings)}\``,
        );
}

const ended = ({ exit, seconds }: FenceResult): string =>
  exit === "time limit" ? `it was ended after ${fenceLimit} s` : `it ended with ${exit} after ${seconds.toFixed(1)} s`;

/** Why the lost side was taken for dead, for the report. */
export function reliedOn(plan: FailoverPlan, results: FenceResult[]): string {
  const words = [
    ...results.map((r) =>
      r.exit === 0
        ? `the fence command of ${r.host}, which succeeded at ${r.endedAt}`
        : `no fence of ${r.host}: ${ended(r)}`,
    ),
    ...(isAttested(plan.settings) ? [attestationOf(plan)] : []),
    ...(plan.method === "restore" ? ["isolation: the restored etcd refuses the lost hosts"] : []),
  ];
  return words.length === 0 ? "nothing yet" : words.join("; ");
}

function attestationOf({ settings }: FailoverPlan): string {
  const names = attesting(settings);
  const word = `powered-off@${confirmationText(settings)}`;
  return names.length === 0 ? `the operator's attestation: ${word}` : `the attestation of ${names.join(", ")}: ${word}`;
}

/** The commands that `up` will run first, on the operator's machine, in words. */
export const fenceWords = (fences: Fence[]): string => fences.map((f) => `${f.host} by \`${f.command}\``).join(", ");
