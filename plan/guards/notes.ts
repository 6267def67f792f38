import type { FailoverPlan } from "../acts/failover/plan";
import { factsOf, type Observation } from "../facts/observation";
import { versionsOn } from "../installers/declared-versions";
import { faultWords } from "../installers/known-faults";
import type { Host, Topology } from "../topology/topology";
import { durationWords } from "../values/duration";
import { unusedCertificates } from "./certificates";
import { undeclaredHosts } from "./declared-world";

/** Things that stop nothing and that the operator should know before a failover, a sentence each. */
export const failoverNotes = (topology: Topology, plan: FailoverPlan, seen: Observation): string[] => [
  ...undeclaredHosts(topology, plan, seen),
  ...unusedCertificates(topology, plan, seen),
  ...versionNotes(topology, plan.survivors, seen),
  ...heldNotes(plan.survivors, seen),
];

/** Known faults of the versions that run, by what the topology declares and the hosts report; each said once. */
export function versionNotes(topology: Topology, hosts: Host[], seen: Observation): string[] {
  const found = hosts.flatMap((host) => faultWords(versionsOn(topology, factsOf(seen, host))));
  return [...new Set(found)];
}

/** Hosts that bootHold keeps waiting, with the command that ends the wait. */
export const heldNotes = (hosts: Host[], seen: Observation): string[] =>
  hosts.flatMap((host) => {
    const since = factsOf(seen, host)?.heldSince;
    return since === undefined
      ? []
      : [
          `${host.name}: etcd and the control plane wait since ${new Date(since).toISOString()}, because no host of the other side answered after the boot (bootHold): \`bash /var/lib/rke-dr/guard/guard-watch.sh --go-on\` there, once you know that the other side hasn't taken over`,
        ];
  });

/** Seconds since a host's boot within which a power cut of all is likelier than the loss of the other side alone. */
const justBooted = 15 * 60;

/** Words for preview's head if every survivor that was seen has only just booted: then the lost side may be booting, too. */
export function powerCutOfAll({ survivors, settings, stage }: FailoverPlan, seen: Observation): string[] {
  const up = survivors.flatMap((h) => factsOf(seen, h)?.upSeconds ?? []);
  return stage !== "begins" || up.length === 0 || up.some((seconds) => seconds > justBooted)
    ? []
    : [
        `WAIT: the hosts that survive have only just booted, too, ${durationWords(Math.max(...up))} ago. After a power cut of all, ${settings.lost}'s hosts come on, too,`,
        "and etcd goes on by itself as soon as a majority of its voters runs: then no failover is needed.",
      ];
}
