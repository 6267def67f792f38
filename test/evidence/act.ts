import { failoverEvidence } from "../../evidence/evidence";
import { planFailover } from "../../plan/acts/failover/failover";
import { parseTopology } from "../../plan/declaration/declaration";
import type { StepResult } from "../../plan/facts/step-records";
import { failoverGuards } from "../../plan/guards/failover";
import { afterLossOfA, now, record } from "../plan/worlds/observations";
import { raw, seedHosts } from "../plan/worlds/topologies";

/** A failover of the seed's cluster as it would be recorded; `targets` as the topology says them. */
export function recordedAct(targets: { rtoSeconds?: number; rpoSeconds?: number } = {}) {
  const topology = parseTopology(raw(seedHosts, { targets }));
  const seen = afterLossOfA(topology);
  const settings = { lost: "a", epoch: 2, from: "auto", confirm: "a@2", attest: "powered-off@a@2" };
  const plan = planFailover(topology, settings, seen);
  const verdicts = failoverGuards(topology, plan, seen);
  const commandAt = now - 3000;
  const evidence = failoverEvidence(topology, plan, verdicts, [], commandAt);
  let at = now;
  const results: StepResult[] = evidence.planned.map((p) => {
    const milliseconds = p.step === "rke-up" ? 9000 : 900;
    const result = {
      ...record(p.step, 2, 1),
      host: p.host,
      startedAt: at,
      milliseconds,
      did: [p.words],
      facts: factsOf(p.step, at + milliseconds),
    };
    at += milliseconds;
    return result;
  });
  return { topology, seen, plan, evidence, results, commandAt, recordNames: plan.steps.map((s) => s.script) };
}

function factsOf(step: string, end: number): Record<string, string> {
  switch (step) {
    case "first-write":
      return { acceptedAt: String(end) };
    case "etcd-member":
      return { "aside container etcd-before-epoch-2": "", "aside /var/lib/rke-dr/epoch-2/data": "64000000" };
    default:
      return {};
  }
}
