import { hasBegun } from "../../etcd/source-record";
import { factsOf, type Observation } from "../../facts/observation";
import { leftOutIn, lostBy } from "../../steps/act";
import { survivors } from "../../topology/order";
import { deployHost, type Host, type Topology, takesOver } from "../../topology/topology";
import type { FailoverSettings } from "./plan";

/**
 * The surviving members of etcd that can't be reached, and that the act therefore gives up together with the lost datacenter; empty if no
 * other member is left to recover from. Hosts that this act has given up stay so, even if they can be reached again: they return
 * by a failback.
 *
 * Never given up: the deploy host, since nothing runs without it, and the host on which this act, or an earlier failover that no failback
 * has ended, recovered etcd. That host may serve where only the operator can't reach it, and its data is newer than any other's.
 */
export function leftOutHosts(topology: Topology, settings: FailoverSettings, seen: Observation): Host[] {
  const left = survivors(topology, settings.lost);
  const noted = recordedLeftOut(left, settings, seen);
  const needed = [deployHost(topology, takesOver(topology, settings.lost)).name, ...recoveredOn(left, seen)];
  const isOut = (host: Host) =>
    noted.includes(host.name) || (host.etcd !== "none" && isAway(seen, host) && !needed.includes(host.name));
  const isLeft = left.some((h) => h.etcd !== "none" && factsOf(seen, h) && !isOut(h));
  return isLeft ? left.filter(isOut) : [];
}

/** True if the host was looked at and gave no answer. A host that refused the operator is there. */
function isAway(seen: Observation, host: Host): boolean {
  const facts = seen.hosts[host.name];
  return facts !== undefined && !facts.reachable && facts.refusal === undefined;
}

/** Names of the hosts that this act has given up since it began. */
function recordedLeftOut(left: Host[], { epoch }: FailoverSettings, seen: Observation): string[] {
  if (!left.some((h) => hasBegun(seen, h, epoch))) {
    return [];
  }
  return left.flatMap((h) => leftOutIn(factsOf(seen, h)?.plan ?? {}));
}

/** Names of the hosts on which failovers recovered etcd, as the survivors recorded them in their newest epoch. */
export const recoveredOn = (left: Host[], seen: Observation): string[] =>
  left.flatMap((h) => {
    const facts = factsOf(seen, h);
    const { member } = facts?.preflight.earlierPlan ?? {};
    return lostBy(facts?.act) !== undefined && member !== undefined ? [member] : [];
  });
