import type { Source } from "../../etcd/source";
import { hasBegun } from "../../etcd/source-record";
import type { Observation } from "../../facts/observation";
import { type Step, step } from "../../steps/steps";
import { type Host, sshTarget, sshUsers, type Topology } from "../../topology/topology";
import type { FailoverPlan } from "./plan";

/** Brings a snapshot to the host on which etcd will run, by the deploy host's SSH; empty if it lies there. */
export function bringSteps(
  topology: Topology,
  { deployHost, settings }: Omit<FailoverPlan, "steps" | "stage">,
  { host, keptOn, name }: Source,
  seen: Observation,
  after: string[],
): Step[] {
  const isHere = (h: Host) => h.name === deployHost.name;
  const target = (h: Host) => (isHere(h) ? "here" : `${h.name}=${sshTarget(topology, h)}`);
  return keptOn === undefined
    ? []
    : [
        step("snapshot-bring", deployHost, "EtcdMember", {
          arguments: [name, target(keptOn), target(host)],
          onwardUsers: sshUsers(
            topology,
            [keptOn, host].filter((h) => !isHere(h)),
          ),
          // until the old etcd is set aside, each run secures it anew
          intact: hasBegun(seen, host, settings.epoch),
          after,
          limit: 3600,
          words: `bring snapshot ${name} from ${keptOn.name} to ${host.name}, where etcd will run`,
        }),
      ];
}
