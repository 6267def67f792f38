import { clientUrl, peerUrl } from "../../etcd/urls";
import { mergeArguments, type Process } from "../../runtimes/process";
import { voters } from "../../topology/order";
import type { Host, Topology } from "../../topology/topology";
import { imagesOf } from "./images";
import { releaseOf } from "./releases";

/** Fixed in RKE (cluster/defaults.go): every cluster it makes has the same token. */
export const rkeToken = "etcd-cluster-1";

export const memberName = (host: Host): string => `etcd-${host.name}`;
/** Where a member is reached on its own host. RKE lets it listen on the internal address alone where there is one. */
export const ownEndpoint = (host: Host): string =>
  `https://${host.internalAddress === host.address ? "127.0.0.1" : host.internalAddress}:2379`;

/** RKE names an etcd certificate after the internal address. */
export const etcdCertificate = (host: Host): string => `kube-etcd-${host.internalAddress.replace(/[.:]/g, "-")}`;

/** What the topology says of etcd's arguments: `services.etcd.extra_args`, which replace RKE's own of the same name. */
export function extraArguments(topology: Topology): Record<string, string> {
  const { heartbeatInterval, electionTimeout, extraArgs } = topology.etcd;
  return {
    ...extraArgs,
    ...(electionTimeout === undefined ? {} : { "election-timeout": String(electionTimeout) }),
    ...(heartbeatInterval === undefined ? {} : { "heartbeat-interval": String(heartbeatInterval) }),
  };
}

/** `--initial-cluster` in the order of cluster.yml. */
export function initialCluster(members: Host[]): string {
  return members.map((m) => `${memberName(m)}=${peerUrl(m)}`).join(",");
}

/**
 * The etcd container that RKE v1.2.7 starts on a host, argument by argument (golden rke-plan; RKE's
 * cluster/plan.go BuildEtcdProcess).
 *
 * @param hosts the hosts of cluster.yml, in its order
 * @param architecture as docker reports it (x86_64, aarch64): RKE writes it into ETCD_UNSUPPORTED_ARCH
 */
export function etcdProcess(topology: Topology, hosts: Host[], host: Host, architecture: string): Process {
  const release = releaseOf(topology.kubernetesVersion);
  const certificate = `/etc/kubernetes/ssl/${etcdCertificate(host)}.pem`;
  const key = `/etc/kubernetes/ssl/${etcdCertificate(host)}-key.pem`;
  const ca = "/etc/kubernetes/ssl/kube-ca.pem";
  // RKE listens on every interface unless the host has an internal address of its own.
  const listen = host.internalAddress === host.address ? "0.0.0.0" : host.internalAddress;
  const args: Record<string, string> = {
    "advertise-client-urls": clientUrl(host),
    "cert-file": certificate,
    "client-cert-auth": "true",
    "data-dir": "/var/lib/rancher/etcd/",
    "election-timeout": "5000",
    ...(release.etcdHasV2 ? { "enable-v2": "true" } : {}),
    "heartbeat-interval": "500",
    "initial-advertise-peer-urls": peerUrl(host),
    "initial-cluster-state": "new",
    "initial-cluster-token": rkeToken,
    "initial-cluster": initialCluster(voters(hosts)),
    "key-file": key,
    "listen-client-urls": `https://${listen}:2379`,
    "listen-peer-urls": `https://${listen}:2380`,
    name: memberName(host),
    "peer-cert-file": certificate,
    "peer-client-cert-auth": "true",
    "peer-key-file": key,
    "peer-trusted-ca-file": ca,
    "trusted-ca-file": ca,
  };
  return {
    name: "etcd",
    image: imagesOf(topology).etcd,
    entrypoint: [],
    cmd: ["/usr/local/bin/etcd", ...mergeArguments(args, extraArguments(topology))],
    env: [
      "ETCDCTL_API=3",
      `ETCDCTL_CACERT=${ca}`,
      `ETCDCTL_CERT=${certificate}`,
      `ETCDCTL_KEY=${key}`,
      `ETCDCTL_ENDPOINTS=${ownEndpoint(host)}`,
      `ETCD_UNSUPPORTED_ARCH=${architecture}`,
    ],
    binds: ["/var/lib/etcd:/var/lib/rancher/etcd/:z", "/etc/kubernetes:/etc/kubernetes:z"],
    volumesFrom: [],
    labels: { "io.rancher.rke.container.name": "etcd" },
  };
}
