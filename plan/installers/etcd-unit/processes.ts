import { argument, commandOf, type Process, withArgument, withCommand } from "../../runtimes/process";
import type { EtcdUnit } from "../../runtimes/systemd/systemd";
import type { Site } from "../../topology/site";
import type { Host } from "../../topology/topology";
import { plainIp } from "../../values/addresses";
import { flagAndValue } from "../../values/etcd-variables";
import { type ClusterConfiguration, clientUrl } from "../kubeadm/configuration";
import { planned } from "../kubeadm/processes";
import { clusterOf, type Declared, withoutLost } from "../kubeadm/site";
import { initialCluster, plannedOn } from "./settings";

export const ownEndpoint = (host: Host): string => clientUrl(plainIp(host.internalAddress));

/** etcd as the topology declares it, among the site's voters. */
export const plannedEtcd = (site: Site, host: Host): Process => plannedOn(site, host, site.voters);

/** Of a member that joins: its file says so, and lists all voters and itself. */
export function joiningEtcd(site: Site, host: Host): Process {
  const members = [...site.voters.filter((h) => h.name !== host.name), host];
  return withCommand(plannedOn(site, host, members), (command) => [
    ...command.filter((arg) => !/^--initial-cluster(-state)?=/.test(arg)),
    `--initial-cluster=${initialCluster(members)}`,
    "--initial-cluster-state=existing",
  ]);
}

/**
 * The same etcd with the members that there are. etcd reads them only until it has data, so what ExecStart= says of them stays: an act
 * changes the file of settings alone.
 */
export function recoveredEtcd(before: Process, _host: Host, members: Host[]): Process {
  const fixed = ((before.template as EtcdUnit | undefined)?.arguments ?? []).map((arg) => flagAndValue(arg)?.flag);
  return {
    ...withCommand(before, (command) =>
      (fixed.includes("initial-cluster")
        ? command
        : withArgument(command, "initial-cluster", initialCluster(members))
      ).filter((arg) => !arg.startsWith("--force-new-cluster")),
    ),
    name: "etcd",
  };
}

/** A kube-apiserver as kubeadm plans it with an external etcd: the voters of the site alone are its servers. */
export const plannedApiServer = (site: Site, host: Host): Process =>
  planned("kube-apiserver", clusterOn(site, host, externalEndpoints(site)), host, []);

export const etcdServers = (site: Site, host: Host): string =>
  argument(commandOf(plannedApiServer(site, host)), "etcd-servers") ?? "";

/**
 * `etcd.external.endpoints` of kubeadm's configuration: as they are declared, without those of hosts that are no voters of the site, and with
 * those voters at the end that they lack.
 */
export function externalEndpoints(site: Site): string[] {
  const declared = clusterOf(site).etcd.external?.endpoints ?? [];
  const wanted = site.voters.map(ownEndpoint);
  const kept = declared.filter((url) => wanted.includes(url));
  return [...kept, ...wanted.filter((url) => !kept.includes(url))];
}

/** kubeadm's configuration as a host has it: its own certificate for etcd, where {host} stands in the file's name. */
export function clusterOn(
  declared: Declared & Pick<Site, "lost">,
  host: Host,
  endpoints: string[],
): ClusterConfiguration {
  const cluster = withoutLost(declared, declared.lost, host);
  const { external } = cluster.etcd;
  if (!external) {
    throw new Error(`cluster ${declared.cluster}: its etcd must be external to kubeadm`);
  }
  const own = (file: string) => file.replaceAll("{host}", host.name);
  const { caFile, certFile, keyFile } = external;
  return {
    ...cluster,
    etcd: { external: { ...external, endpoints, caFile: own(caFile), certFile: own(certFile), keyFile: own(keyFile) } },
  };
}
