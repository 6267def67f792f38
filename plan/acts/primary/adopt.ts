import type { Reachable } from "../../facts/facts";
import { type Step, step } from "../../steps/steps";
import { ownServer } from "../../topology/servers";
import type { Host, Topology } from "../../topology/topology";

/** Puts state and kubeconfig of the existing cluster on the deploy hosts, in the place of `rke up`: no container is touched. */
export function adoptSteps(
  topology: Topology,
  deployHosts: Host[],
  facts: (host: Host) => Reachable | undefined,
  after: string[],
): Step[] {
  return deployHosts.map((host) => {
    const server = ownServer(topology, host.datacenter);
    return step("adopt", host, "RkeCluster", {
      arguments: [server],
      after,
      words:
        "take over the cluster: RKE's state, and a kubeconfig for this side's own kube-apiserver; no container is touched",
      intact:
        facts(host)?.deploy?.files.includes("cluster.rkestate") === true && facts(host)?.deploy?.server === server,
    });
  });
}
