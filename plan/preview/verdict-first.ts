import type { FailoverPlan } from "../acts/failover/plan";
import type { Verdict } from "../guards/verdict";
import { hasApi } from "../topology/topology";

/** The first lines of a preview: if `up` would act, and which guards stop it. */
export function verdictFirst(verdicts: Verdict[]): string[] {
  const stops = verdicts.filter((v) => !v.ok).map((v) => v.guard);
  if (stops.length === 0) return ["READY: no guard stops `pulumi up`"];
  return [
    `REFUSED: ${stops.length === 1 ? "a guard stops" : `${stops.length} guards stop`} \`pulumi up\`: ${stops.join(", ")}`,
  ];
}

/** The same of a failover, with what may be lost and how far it is to the first write. */
export function failoverVerdict(plan: FailoverPlan, verdicts: Verdict[], now: number): string[] {
  if (plan.stage === "over" || plan.majoritySurvives) {
    return verdicts.some((v) => !v.ok) ? verdictFirst(verdicts) : ["NOTHING TO DO: `pulumi up` would change nothing"];
  }
  return [...verdictFirst(verdicts), `May be lost: ${lossWords(plan, now)}`, `How long: ${lengthWords(plan)}`];
}

function lossWords({ source }: FailoverPlan, now: number): string {
  if (source === undefined) return "everything: there is no source to recover from";
  if (source.dataAsOf === undefined) return `not known, since the age of ${source.name}'s data isn't`;
  const seconds = Math.max(0, Math.round((now - source.dataAsOf) / 1000));
  return `writes after ${new Date(source.dataAsOf).toISOString()}, ${seconds} s before this look`;
}

/** No time is foretold: docs/benchmark.md has what was measured. */
function lengthWords({ steps, site }: FailoverPlan): string {
  const due = steps.filter((s) => s.due);
  const written = hasApi(site) ? "the API" : "etcd";
  const write = due.findIndex((s) => s.script === "first-write") + 1;
  return write === 0
    ? `${due.length} steps, ${written} takes writes already`
    : `${due.length} steps; ${written} takes writes after the first ${write} of them`;
}
