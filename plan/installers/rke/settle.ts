import { type Step, step, stepNames } from "../../steps/steps";
import { deployDir } from "../deploy-folder";
import type { AfterLoss, Returning } from "../installer";
import { checksumCopies } from "./checksum-copies";
import { clusterYmlText } from "./cluster-yml";

/** After a failover: cluster.yml and cluster.rkestate without the lost hosts, then an `rke up` that finds nothing to do. */
export function settleLoss({ site, member, server, firstWrite, before }: AfterLoss): Step[] {
  const { deployHost, lost } = site;
  const data = clusterYmlText(site);
  const prepare = step("rke-state", deployHost, "RkeCluster", {
    arguments: [server, member.address, ...lost.map((h) => h.address)],
    data,
    after: [firstWrite.name],
    words: `take the lost hosts, and what else has left the topology, out of ${deployDir}/cluster.yml and of cluster.rkestate's current state`,
  });
  const [tidying, others] = [before.filter((s) => s.phase === "tidy"), before.filter((s) => s.phase !== "tidy")];
  const run = step("rke-up", deployHost, "RkeCluster", {
    arguments: [server, ...checksumCopies(site)],
    data,
    after: stepNames([...tidying, prepare, ...others]),
    limit: 1800,
    words: "rke up, which finds nothing to do but the workers' nginx-proxy",
  });
  return [prepare, run];
}

/**
 * In a failback: the returned hosts back in cluster.rkestate. After a demotion: RKE takes hosts for what they were before the
 * failover, and by then they are that again.
 */
export const settleReturn = ({ deployHost, returned, epoch, before }: Returning): Step[] => [
  step("rke-state-back", deployHost, "RkeCluster", {
    arguments: [`cluster.rkestate.before-epoch-${epoch}`, ...returned.map((h) => h.address)],
    after: stepNames(before),
    words: `put the returned hosts back into ${deployDir}/cluster.rkestate's current state`,
  }),
];
