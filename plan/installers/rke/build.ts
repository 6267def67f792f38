import type { Reachable } from "../../facts/facts";
import { argument, commandOf } from "../../runtimes/process";
import { isRunning } from "../../runtimes/running";
import { type Step, step, stepNames } from "../../steps/steps";
import type { Site } from "../../topology/site";
import { type Host, sshLogin, sshTarget, sshUsers } from "../../topology/topology";
import { deployDir } from "../deploy-folder";
import type { Building } from "../installer";
import { checksumCopies } from "./checksum-copies";
import { etcdServers } from "./kube-apiserver";

/** The name of the step that runs `rke up` on a deploy host. */
export const runName = (host: Host): string => `rke-up-${host.name}`;

/** `rke up` for the whole cluster, on the site's deploy host. */
export function build({ site, deployHosts, facts, before }: Building, changed: boolean): Step {
  return step("rke-up", site.deployHost, "RkeCluster", {
    arguments: fromDeployHost(site, deployHosts, checksumCopies(site)),
    onwardUsers: sshUsers(site, otherDeployHosts(site, deployHosts)),
    after: stepNames(before),
    limit: 1800,
    words: "rke up; its state and a kubeconfig for each side's own kube-apiserver on every deploy host",
    intact: !changed && running(site, facts) && deployHosts.every((d) => facts(d.host)?.deploy?.server === d.server),
  });
}

const otherDeployHosts = (site: Site, deployHosts: Building["deployHosts"]): Host[] =>
  deployHosts.map((d) => d.host).filter((h) => h.name !== site.deployHost.name);

/** SERVER of the site's own deploy host, then OPTIONS, then HOST=USER@ADDRESS:PORT=SERVER of each other. */
const fromDeployHost = (site: Site, deployHosts: Building["deployHosts"], options: string[] = []): string[] => [
  ...deployHosts.filter((d) => d.host.name === site.deployHost.name).map((d) => d.server),
  ...options,
  ...deployHosts
    .filter((d) => d.host.name !== site.deployHost.name)
    .map((d) => `${d.host.name}=${sshTarget(site, d.host)}=${d.server}`),
];

/** cluster.rkestate gets the topology's hosts (on-host/installers/rke/rke-nodes.sh says how). */
export function settleHosts({ site, deployHosts, before }: Building, claim: string, changed: boolean): Step {
  const entry = (h: Host) => {
    const { user, port } = sshLogin(site.ssh, h);
    return [h.name, h.address, h.internalAddress, user, port, h.roles.join(",")].join("=");
  };
  return step("rke-nodes", site.deployHost, "RkeCluster", {
    arguments: [...fromDeployHost(site, deployHosts), "--", ...site.hosts.map(entry)],
    onEach: [
      { script: "claim", data: claim, limit: 60 },
      { script: "leave", data: "", limit: 300 },
    ],
    // a host that has left may have had the topology's user
    onwardUsers: [...new Set([site.ssh.user, ...sshUsers(site, site.hosts)])],
    after: stepNames(before),
    limit: 1800,
    words: changed
      ? `the hosts of ${deployDir}/cluster.rkestate become the topology's; hosts that have left stop, and their Nodes are deleted`
      : `see that the hosts of ${deployDir}/cluster.rkestate are the topology's`,
    intact: !changed,
    idle: !changed,
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
