import type { FailoverPlan } from "../failover";
import { factsOf, type Observation } from "../observation";

export function certificateProblems(plan: FailoverPlan, seen: Observation): string[] {
  const ends = factsOf(seen, plan.deployHost)?.deploy?.certificateEnds;
  return ends && Date.parse(ends) < seen.at ? [`the API server's certificate ended on ${ends}`] : [];
}
