import type { Reachable } from "../../facts/facts";
import { factsOf, type Observation } from "../../facts/observation";
import { leftOutIn, lostBy } from "../../steps/act";
import type { Host } from "../../topology/topology";

/**
 * Why a member's data is older than what another survivor has, by what acts have recorded on the hosts; undefined if it isn't known to be. The
 * ends of WALs can't be compared then: a restored cluster begins with low terms and indices.
 *
 * @param epoch the epoch of the failover that looks for a source
 * @param left the surviving hosts
 */
export function olderData(host: Host, epoch: number, seen: Observation, left: Host[]): string | undefined {
  const facts = factsOf(seen, host);
  if (!facts || facts.epoch >= epoch || facts.steps["etcd-join"]?.epoch === facts.epoch) {
    return undefined;
  }
  const { earlierPlan } = facts.preflight;
  if (lostBy(facts.act) !== undefined) {
    const member = left.find((h) => h.name === earlierPlan.member && h.name !== host.name);
    return member && hasRecovered(factsOf(seen, member), facts.epoch)
      ? `its data is from before epoch ${facts.epoch}, in which etcd was recovered on ${member.name}`
      : undefined;
  }
  const returned = host.datacenter === earlierPlan.lost || leftOutIn(earlierPlan).includes(host.name);
  return earlierPlan.role === "failback" && returned
    ? `its data is from before the failover of epoch ${earlierPlan.from}, and the failback of epoch ${facts.epoch} had not brought it back yet`
    : undefined;
}

/** True if the epoch's act has set the host's old data aside: from then on its new data is what clients write to. */
const hasRecovered = (facts: Reachable | undefined, epoch: number): boolean =>
  facts?.epoch === epoch && facts.preflight.earlierPlan.begun === "yes";
