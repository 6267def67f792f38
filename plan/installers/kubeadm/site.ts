import { goSeconds, hostSchema } from "../../topology/kubeadm-schema";
import { controlPlane } from "../../topology/order";
import { allHosts, type Host, type Topology } from "../../topology/topology";
import { plainIp } from "../../values/addresses";
import {
  type Argument,
  type ClusterConfiguration,
  clientUrl,
  type KubeadmHost,
  lastNamed,
  loopback,
} from "./configuration";
import { type Member, memberOf } from "./etcd";
import { planned } from "./planned";

/** The part of a topology or a site that kubeadm's ClusterConfiguration follows from. */
export type Declared = Pick<Topology, "kubeadm" | "cluster" | "kubernetesVersion">;

/** The cluster that a topology declares, in kubeadm's own terms. */
export function clusterOf({ kubeadm, cluster, kubernetesVersion }: Declared): ClusterConfiguration {
  if (!kubeadm) {
    throw new Error(`cluster ${cluster} has another installer than kubeadm`);
  }
  return { ...kubeadm, kubernetesVersion, clusterName: kubeadm.clusterName ?? cluster };
}

export function kubeadmHost(host: Host): KubeadmHost {
  const { bindPort, startupTimeout, caFolders, ids } = host.kubeadm ?? hostSchema.parse({});
  return {
    name: host.name,
    advertiseAddress: plainIp(host.internalAddress),
    bindPort,
    startupSeconds: goSeconds(startupTimeout) ?? 0,
    caFolders,
    ids,
  };
}

/** Hosts with a member of etcd that kubeadm made, in the order in which they joined. */
export const stackedMembers = (topology: Topology): Host[] => stackedAmong(topology, allHosts(topology));

const stackedAmong = ({ kubeadm }: Declared, hosts: Host[]): Host[] =>
  kubeadm?.etcd.local ? controlPlane(hosts).filter((h) => h.etcd !== "none") : [];

/**
 * The members that stood in the list when kubeadm wrote a host's manifest, the host itself at the end; empty for the host of
 * `kubeadm init`, which was alone.
 */
export const joins = (topology: Topology, host: Host): Member[] => joinsAmong(stackedMembers(topology), host);

/** The same among these members, in the order in which they joined. */
export function joinsAmong(members: Host[], host: Host): Member[] {
  const at = members.findIndex((h) => h.name === host.name);
  const before = members.slice(0, Math.max(0, at)).map((h) => h.name);
  const joined = host.kubeadm?.joined ?? before;
  const named = joined.flatMap((name) => members.filter((h) => h.name === name));
  return joined.length === 0 ? [] : [...named, host].map((h) => memberOf(kubeadmHost(h)));
}

/** Manifests by host and file, as kubeadm wrote them; control plane hosts alone have any. */
export const manifestsInPeace = (topology: Topology): Record<string, Record<string, string>> =>
  Object.fromEntries(
    controlPlane(allHosts(topology)).map((h) => [
      h.name,
      planned(clusterOf(topology), { host: kubeadmHost(h), joins: joins(topology, h) }),
    ]),
  );

/**
 * The survivors' manifests once a failover has made a new cluster out of one member's data. The member at `source` is alone, as
 * after `kubeadm init`; members that survive beside it join it in the topology's order. A kube-apiserver that asks the etcd of
 * its own host stays as it is; where extraArgs list etcd-servers, those of lost hosts leave the list.
 */
export function manifestsAfter(
  topology: Topology,
  survivors: Host[],
  source: Host,
): Record<string, Record<string, string>> {
  const members = [source, ...stackedMembers(topology).filter((h) => survivors.includes(h) && h !== source)];
  const lost = allHosts(topology).filter((h) => !survivors.includes(h));
  return Object.fromEntries(
    controlPlane(survivors).map((h) => {
      const before = members.slice(0, members.indexOf(h) + 1);
      return [
        h.name,
        planned(withoutLost(topology, lost, h), {
          host: kubeadmHost(h),
          joins: h === source ? [] : before.map((m) => memberOf(kubeadmHost(m))),
        }),
      ];
    }),
  );
}

/** The configuration of a host without the lost hosts. */
export function withoutLost(declared: Declared, lost: Host[], host: Host): ClusterConfiguration {
  const cluster = clusterOf(declared);
  const { apiServer } = cluster;
  const servers = lastNamed(apiServer.extraArgs, "etcd-servers");
  if (!servers) {
    return cluster;
  }
  const extraArgs = apiServer.extraArgs.map((arg) => (arg.name === "etcd-servers" ? remaining(arg, lost, host) : arg));
  return { ...cluster, apiServer: { ...apiServer, extraArgs } };
}

/** The same list without the lost hosts' URLs; if none is left, the API server uses the etcd of its own host. */
function remaining(arg: Argument, lost: Host[], host: Host): Argument {
  const names = new Set(lost.flatMap((h) => [h.name, h.address, h.internalAddress].map(plainIp)));
  const isLost = (url: string) => names.has(plainIp(hostOfUrl(url)));
  const left = arg.value.split(",").filter((url) => !isLost(url));
  return { ...arg, value: left.length > 0 ? left.join(",") : clientUrl(loopback(kubeadmHost(host))) };
}

const hostOfUrl = (url: string): string =>
  /^[a-z]+:\/\/(?:\[([^\]]*)\]|([^:/]*))/.exec(url)?.slice(1).find(Boolean) ?? url;
