import type { Membership } from "../../etcd/members";
import type { Observation } from "../../facts/observation";
import type { ScheduledStep } from "../../steps/steps";
import type { Site } from "../../topology/site";
import type { Host, Topology } from "../../topology/topology";
import type { Failback } from "../failback/failback";
import type { FailbackSteps } from "../failback/steps";
import type { Change } from "./change";

export const primaryAct = "primary";

export interface PrimaryPlan {
  epoch: number;
  installer: Topology["installer"];
  /** All hosts, in cluster.yml's order. */
  hosts: Host[];
  deployHosts: Host[];
  /** The host on which `rke` runs: the standby's deploy host, so that peace proves what a failover needs. */
  installerHost: Host;
  /** The members of etcd now, and the condition of each. */
  membership: Membership;
  /** The hosts that join, leave or change their part in etcd. */
  change: Change;
  purge: number | undefined;
  /** Set if a lost datacenter comes back, or has come back, in this epoch. */
  failback: (Failback & Pick<FailbackSteps, "nextFailure">) | undefined;
  steps: ScheduledStep[];
}

export interface PrimaryOptions {
  /** "on": hosts that come back after a failover put themselves in quarantine. */
  returnGuard: "on" | "off";
  /** Everything that acts up to this epoch have set aside is deleted. */
  purge?: number | undefined;
}

/** The inputs for the steps of stack primary. */
export interface Peace {
  topology: Topology;
  site: Site;
  epoch: number;
  seen: Observation;
  failback: Failback | undefined;
  deployHosts: Host[];
  members: Membership;
  change: Change;
}
