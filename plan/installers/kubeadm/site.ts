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

/** The cluster that a topology declares, in kubeadm's own terms. */
export function clusterOf({ kubeadm, cluster, kubernetesVersion }: Topology): ClusterConfiguration {
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
export const stackedMembers = (topology: Topology): Host[] =>
  topology.kubeadm?.etcd.local ? controlPlane(allHosts(topology)).filter((h) => h.etcd !== "none") : [];

/**
 * The members that stood in the list when kubeadm wrote a host's manifest, the host itself at the end; empty for the host of
 * `kubeadm init`, which was alone.
 */
export function joins(topology: Topology, host: Host): Member[] {
  const members = stackedMembers(topology);
  const before = members.slice(0, Math.max(0, members.indexOf(host))).map((h) => h.name);
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
  return Object.fromEntries(
    controlPlane(survivors).map((h) => {
      const before = members.slice(0, members.indexOf(h) + 1);
      return [
        h.name,
        planned(withoutLost(topology, survivors, h), {
          host: kubeadmHost(h),
          joins: h === source ? [] : before.map((m) => memberOf(kubeadmHost(m))),
        }),
      ];
    }),
  );
}

function withoutLost(topology: Topology, survivors: Host[], host: Host): ClusterConfiguration {
  const cluster = clusterOf(topology);
  const { apiServer } = cluster;
  const servers = lastNamed(apiServer.extraArgs, "etcd-servers");
  if (!servers) {
    return cluster;
  }
  const extraArgs = apiServer.extraArgs.map((arg) =>
    arg.name === "etcd-servers" ? remaining(topology, arg, survivors, host) : arg,
  );
  return { ...cluster, apiServer: { ...apiServer, extraArgs } };
}

/** The same list without the lost hosts' URLs; if none is left, the API server uses the etcd of its own host. */
function remaining(topology: Topology, arg: Argument, survivors: Host[], host: Host): Argument {
  const lost = allHosts(topology).filter((h) => !survivors.includes(h));
  const names = new Set(lost.flatMap((h) => [h.name, h.address, h.internalAddress].map(plainIp)));
  const isLost = (url: string) => names.has(plainIp(hostOfUrl(url)));
  const left = arg.value.split(",").filter((url) => !isLost(url));
  return { ...arg, value: left.length > 0 ? left.join(",") : clientUrl(loopback(kubeadmHost(host))) };
}

const hostOfUrl = (url: string): string =>
  /^[a-z]+:\/\/(?:\[([^\]]*)\]|([^:/]*))/.exec(url)?.slice(1).find(Boolean) ?? url;
