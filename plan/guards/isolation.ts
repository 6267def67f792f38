import { refusedAddresses } from "../acts/failover/isolation";
import type { FailoverPlan } from "../acts/failover/plan";
import { factsOf, type Observation } from "../facts/observation";

/** The host that etcd is restored on must be able to refuse the lost side's packets. */
export function isolationProblems(plan: FailoverPlan, seen: Observation): string[] {
  const host = plan.source?.host;
  const facts = host && factsOf(seen, host);
  if (!facts) {
    return [];
  }
  return facts.isolation.firewall
    ? []
    : [
        `${host.name}: neither nft nor iptables is there to refuse the lost hosts: install one of them there; without it, returning API servers would write to the restored cluster as well as to the old one`,
      ];
}

export function isolationWords(plan: FailoverPlan): string {
  return `${plan.source?.host.name ?? "nobody"} will refuse ${refusedAddresses(plan.lostHosts).join(", ")} at etcd's ports until failback`;
}
