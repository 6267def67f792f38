import { refusedAddresses } from "../acts/failover/isolation";
import type { FailoverPlan } from "../acts/failover/plan";
import { factsOf, type Observation } from "../facts/observation";
import { problem } from "./verdict";

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
        problem(
          `${host.name}: must be able to refuse the lost hosts at etcd's ports: neither nft nor iptables is there`,
          "`apt-get install nftables` there (without it, returning API servers would write to both clusters)",
          ...(plan.source?.kind === "voter" && !plan.resumed
            ? ["Or force the voter's data instead: `pulumi config rm --path recover.method --stack failover`"]
            : []),
        ),
      ];
}

export function isolationWords(plan: FailoverPlan): string {
  return `${plan.source?.host.name ?? "nobody"} will refuse ${refusedAddresses(plan.lostHosts).join(", ")} at etcd's ports until failback`;
}
