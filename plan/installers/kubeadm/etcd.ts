import type { Pod } from "../../runtimes/static-pod/pod";
import { commandOf } from "./arguments";
import { componentPod, type ProbeTarget } from "./component-pod";
import {
  argumentValue,
  type ClusterConfiguration,
  clientUrl,
  joined,
  type KubeadmHost,
  type LocalEtcd,
  loopback,
  peerUrl,
} from "./configuration";
import type { Rules } from "./versions";
import { etcdMounts } from "./volumes";

/** A member of etcd as `--initial-cluster` names it. */
export interface Member {
  name: string;
  peerUrl: string;
}

export const memberOf = (host: Pick<KubeadmHost, "name" | "advertiseAddress">): Member => ({
  name: host.name,
  peerUrl: peerUrl(host.advertiseAddress),
});

/** etcd's image tag (images/images.go GetEtcdImageTag). */
export const etcdTag = (local: LocalEtcd, rules: Rules): string => local.imageTag || rules.etcdTag;

/**
 * etcd's static pod on a host (phases/etcd/local.go GetEtcdPodSpec). There is no --initial-cluster-token, so etcd's own,
 * "etcd-cluster", holds.
 *
 * @param joins all members at the moment of the join, the host itself among them; empty: as `kubeadm init` writes it, a cluster
 *   of this host alone
 */
export function etcdPod(
  cluster: ClusterConfiguration,
  local: LocalEtcd,
  host: KubeadmHost,
  joins: Member[],
  rules: Rules,
): Pod {
  const url = clientUrl(host.advertiseAddress);
  return componentPod(
    {
      name: "etcd",
      image: `${local.imageRepository || cluster.imageRepository}/etcd:${etcdTag(local, rules)}`,
      command: commandOf("etcd", ownArguments(cluster, local, host, joins, rules), local.extraArgs, rules),
      env: local.extraEnvs,
      requests: { cpu: "100m", memory: "100Mi" },
      probe: probeTarget(local, host, rules),
      mounts: etcdMounts(cluster, local.dataDir),
      annotations: { "kubeadm.kubernetes.io/etcd.advertise-client-urls": url },
    },
    host,
    rules,
  );
}

function ownArguments(
  cluster: ClusterConfiguration,
  local: LocalEtcd,
  host: KubeadmHost,
  joins: Member[],
  rules: Rules,
): Record<string, string> {
  const file = (name: string) => joined(cluster.certificatesDir, "etcd", name);
  const url = clientUrl(host.advertiseAddress);
  const peer = peerUrl(host.advertiseAddress);
  const members = joins.length > 0 ? joins : [memberOf(host)];
  return {
    name: host.name,
    "listen-client-urls": `${clientUrl(loopback(host))},${url}`,
    "advertise-client-urls": url,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": members.map((m) => `${m.name}=${m.peerUrl}`).join(","),
    ...(joins.length > 0 ? { "initial-cluster-state": "existing" } : {}),
    "data-dir": local.dataDir,
    "cert-file": file("server.crt"),
    "key-file": file("server.key"),
    "trusted-ca-file": file("ca.crt"),
    "client-cert-auth": "true",
    "peer-cert-file": file("peer.crt"),
    "peer-key-file": file("peer.key"),
    "peer-trusted-ca-file": file("ca.crt"),
    "peer-client-cert-auth": "true",
    "snapshot-count": "10000",
    "listen-metrics-urls": `http://${host.advertiseAddress.includes(":") ? "[::1]" : "127.0.0.1"}:2381`,
    ...(hasFeatureGates(local, rules)
      ? { "feature-gates": "InitialCorruptCheck=true", "watch-progress-notify-interval": "5s" }
      : { "experimental-initial-corrupt-check": "true", "experimental-watch-progress-notify-interval": "5s" }),
  };
}

/** From etcd 3.6 on kubeadm writes feature gates: the flags that begin with "experimental" are deprecated there, and 3.7 has none of them. */
function hasFeatureGates(local: LocalEtcd, rules: Rules): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)\.\d+/.exec(etcdTag(local, rules)) ?? [];
  const isNew = Number(major) > 3 || (Number(major) === 3 && Number(minor) >= 6);
  return rules.etcdFeatureGates === "always" || (rules.etcdFeatureGates === "by image" && isNew);
}

/** The first of extraArgs' listen-metrics-urls decides what the kubelet asks (util/staticpod GetEtcdProbeEndpoint). */
function probeTarget(local: LocalEtcd, host: KubeadmHost, rules: Rules): ProbeTarget {
  const [first] = (argumentValue(local.extraArgs, "listen-metrics-urls") ?? "").split(",");
  const { scheme, name, port } = goUrl(first ?? "");
  const paths = rules.etcdLivez
    ? { live: "/livez", ready: "/readyz", started: "/readyz" }
    : { live: "/health?exclude=NOSPACE&serializable=true", ready: undefined, started: "/health?serializable=false" };
  return {
    host: name || loopback(host),
    port: port !== undefined && port >= 1 && port <= 65535 ? port : 2381,
    scheme: scheme === "https" ? "HTTPS" : "HTTP",
    ...paths,
  };
}

/** What kubeadm takes from a URL that Go's url.Parse reads; all undefined if Go refuses it, or if it names no host. */
function goUrl(text: string): { scheme?: string; name?: string; port?: number } {
  const [, scheme = "", authority = ""] = /^([a-z][-+.a-z\d]*):\/\/([^/?#]*)/i.exec(text) ?? [];
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  const [, bracketed, name, port] = /^(?:\[([^\]]*)\]|([^\s:"<>[\]\\^`{|}]*))(?::(\d*))?$/.exec(host) ?? [];
  return scheme === "" || (bracketed ?? name) === undefined
    ? {}
    : { scheme: scheme.toLowerCase(), name: bracketed ?? name, port: port ? Number(port) : undefined };
}
