import type { Membership } from "../../etcd/members";
import type { ScheduledStep } from "../../steps/steps";
import type { Host } from "../../topology/topology";
import type { Failback } from "../failback/failback";
import type { FailbackSteps } from "../failback/steps";

export const primaryAct = "primary";

export interface PrimaryPlan {
  epoch: number;
  /** All hosts, in cluster.yml's order. */
  hosts: Host[];
  deployHosts: Host[];
  /** Where `rke` runs: the standby's deploy host, so that peace uses what a failover will use. */
  installerHost: Host;
  /** Who is a member of etcd now, and how each is. */
  membership: Membership;
  purge: number | undefined;
  /** Set where a lost datacenter comes back, or has come back, by this epoch. */
  failback: (Failback & Pick<FailbackSteps, "nextFailure">) | undefined;
  steps: ScheduledStep[];
}

export interface PrimaryOptions {
  /** Whether hosts that come back after a failover put themselves in quarantine. */
  returnGuard: "on" | "off";
  /** The newest epoch whose things, which acts have set aside, are deleted. */
  purge?: number | undefined;
}
