import { refusedAddresses } from "../acts/failover/isolation";
import type { FailoverPlan } from "../acts/failover/plan";
import { factsOf, type Observation } from "../facts/observation";
import type { Host } from "../topology/topology";
import { list, problem } from "./verdict";

/** The host that etcd is restored on, and those that join it, must be able to refuse the lost side's packets. */
export function isolationProblems(plan: FailoverPlan, seen: Observation): string[] {
  return members(plan).flatMap((host) =>
    factsOf(seen, host)?.isolation.firewall === false
      ? [
          problem(
            `${host.name}: must be able to refuse the lost hosts at etcd's ports: neither nft nor iptables is there`,
            "`apt-get install nftables` there (without it, returning API servers would write to both clusters)",
            ...(plan.source?.kind === "voter" && !plan.resumed
              ? ["Or force the voter's data instead: `pulumi config rm --path recover.method --stack failover`"]
              : []),
          ),
        ]
      : [],
  );
}

const members = ({ source, others }: FailoverPlan): Host[] => (source ? [source.host, ...others] : []);

export function isolationWords(plan: FailoverPlan): string {
  return `${list(members(plan))} will refuse ${refusedAddresses(plan.lostHosts).join(", ")} at etcd's ports until failback`;
}
