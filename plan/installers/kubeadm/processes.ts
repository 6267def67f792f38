import { argument, commandOf, type Process, withArgument, withCommand } from "../../runtimes/process";
import type { Pod } from "../../runtimes/static-pod/pod";
import { processOf } from "../../runtimes/static-pod/static-pod";
import type { Site } from "../../topology/site";
import type { Host } from "../../topology/topology";
import { plainIp } from "../../values/addresses";
import type { Mapping } from "../../values/mapping";
import { type ClusterConfiguration, clientUrl, loopback } from "./configuration";
import { etcdTag, type Member, memberOf } from "./etcd";
import { type ComponentName, plannedPods } from "./planned";
import { clusterOf, type Declared, joinsAmong, kubeadmHost, withoutLost } from "./site";
import { rulesOf } from "./versions";

/** The member of a host: kubeadm names it after the Node. */
export const memberName = (host: Host): string => host.name;

/** kubeadm's etcd listens for peers on this address alone, for clients on the host's own as well. */
export const ownEndpoint = (host: Host): string => clientUrl(plainIp(host.internalAddress));

/** `--initial-cluster` of these members. */
export const initialCluster = (members: Host[]): string =>
  members
    .map((h) => memberOf(kubeadmHost(h)))
    .map((m) => `${m.name}=${m.peerUrl}`)
    .join(",");

export function etcdImage(declared: Declared): string {
  const { etcd, imageRepository, kubernetesVersion } = clusterOf(declared);
  if (!etcd.local) {
    throw new Error("etcd isn't kubeadm's: it has no image of kubeadm's");
  }
  return `${etcd.local.imageRepository || imageRepository}/etcd:${etcdTag(etcd.local, rulesOf(kubernetesVersion))}`;
}

/**
 * etcd as kubeadm planned it. After a loss it is that of the one host whose data was made a cluster: it is alone, as after `kubeadm init`; the other
 * members have joined it (`joiningEtcd`).
 */
export const plannedEtcd = (site: Site, host: Host): Process =>
  planned("etcd", clusterOf(site), host, site.lost.length > 0 ? [] : joinsAmong(site.voters, host));

/** etcd of a member that joins the other voters, as `kubeadm join` leaves it: it is never changed once it votes. */
export const joiningEtcd = (site: Site, host: Host): Process => {
  const members = [...site.voters.filter((h) => h.name !== host.name), host];
  return planned(
    "etcd",
    clusterOf(site),
    host,
    members.map((h) => memberOf(kubeadmHost(h))),
  );
};

/**
 * The same manifest, patches and all, with the arguments of `kubeadm init`, which gives no --initial-cluster-state. etcd reads
 * --initial-cluster only until it has data.
 */
export const recoveredEtcd = (before: Process, host: Host): Process => ({
  ...withCommand(before, (command) =>
    withArgument(command, "initial-cluster", initialCluster([host])).filter(
      (arg) => !arg.startsWith("--initial-cluster-state=") && !arg.startsWith("--force-new-cluster"),
    ),
  ),
  name: "etcd",
});

/** A kube-apiserver as kubeadm planned it; where extraArgs list etcd-servers, without those that are no voters of the site. */
export const plannedApiServer = (site: Site, host: Host): Process =>
  planned("kube-apiserver", withoutLost(site, withoutVote(site), host), host, []);

export const etcdServers = (site: Site, host: Host): string =>
  argument(commandOf(plannedApiServer(site, host)), "etcd-servers") ?? "";

/** True if the etcd of its own host is the only one that a kube-apiserver asks. */
export function asksOwnEtcd(site: Site, host: Host): boolean {
  const own = [loopback(kubeadmHost(host)), plainIp(host.internalAddress)].map(clientUrl);
  return etcdServers(site, host)
    .split(",")
    .every((url) => own.includes(url));
}

/** Hosts whose etcd a kube-apiserver can't ask: those that were given up, and survivors that haven't joined yet. */
const withoutVote = (site: Site): Host[] => [
  ...site.lost,
  ...site.hosts.filter((h) => h.roles.includes("controlplane") && !site.voters.some((v) => v.name === h.name)),
];

/** A component of the control plane, or etcd, as kubeadm plans it on a host. */
export function planned(name: ComponentName, cluster: ClusterConfiguration, host: Host, joins: Member[]): Process {
  const pod: Pod | undefined = plannedPods(cluster, { host: kubeadmHost(host), joins })[name];
  if (pod === undefined) {
    throw new Error(`${host.name}: kubeadm plans no ${name}`);
  }
  return { ...processOf(name, pod as unknown as Mapping), template: pod };
}
