import type { Reachable } from "../../facts/facts";
import { argument, commandOf } from "../../runtimes/process";
import { isRunning } from "../../runtimes/running";
import { type Step, step, stepNames } from "../../steps/steps";
import type { Site } from "../../topology/site";
import { type Host, sshTarget, sshUsers } from "../../topology/topology";
import type { Building } from "../installer";
import { checksumCopies } from "./checksum-copies";
import { etcdServers } from "./kube-apiserver";

/** The name of the step that runs `rke up` on a deploy host. */
export const runName = (host: Host): string => `rke-up-${host.name}`;

/** `rke up` for the whole cluster, on the site's deploy host. */
export function build({ site, deployHosts, facts, before }: Building): Step {
  const host = site.deployHost;
  const own = deployHosts.filter((d) => d.host.name === host.name);
  const others = deployHosts.filter((d) => d.host.name !== host.name);
  return step("rke-up", host, "RkeCluster", {
    arguments: [
      ...own.map((d) => d.server),
      ...checksumCopies(site),
      ...others.map((d) => `${d.host.name}=${sshTarget(site, d.host)}=${d.server}`),
    ],
    onwardUsers: sshUsers(
      site,
      others.map((d) => d.host),
    ),
    after: stepNames(before),
    limit: 1800,
    words: "rke up; its state and a kubeconfig for each side's own kube-apiserver on every deploy host",
    intact: running(site, facts) && deployHosts.every((d) => facts(d.host)?.deploy?.server === d.server),
  });
}

/** Puts state and kubeconfig of the existing cluster on the deploy hosts, in the place of `rke up`: no container is touched. */
export const adopt = ({ deployHosts, facts, before }: Building): Step[] =>
  deployHosts.map(({ host, server }) =>
    step("adopt", host, "RkeCluster", {
      arguments: [server],
      after: stepNames(before),
      words:
        "take over the cluster: RKE's state, and a kubeconfig for this side's own kube-apiserver; no container is touched",
      intact:
        facts(host)?.deploy?.files.includes("cluster.rkestate") === true && facts(host)?.deploy?.server === server,
    }),
  );

/**
 * True if etcd and kube-apiserver run where they belong. Only what this program must be sure of is compared: RKE may set
 * other arguments, from what the topology doesn't model.
 */
function running(site: Site, facts: (host: Host) => Reachable | undefined): boolean {
  const command = (host: Host, name: string) => {
    const found = facts(host)?.processes[name];
    return isRunning(found) ? commandOf(found.process) : undefined;
  };
  return (
    site.voters.every((h) => command(h, "etcd")?.includes("--force-new-cluster") === false) &&
    site.controlPlane.every(
      (h) => argument(command(h, "kube-apiserver") ?? [], "etcd-servers") === etcdServers(site, h),
    )
  );
}
