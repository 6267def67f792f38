import { imagesOf } from "../defaults";
import type { Host } from "../hosts";
import { hardensEtcd, serviceOptions, writesOwnArchitecture } from "../releases";
import type { RkeConfig } from "../rke-config";
import {
  certificateName,
  certPath,
  extraOf,
  KUBERNETES_BIND,
  keyPath,
  labelled,
  mergeArguments,
  ownBinds,
  type Process,
  toFlags,
  unique,
} from "./process";

export const ETCD_DATA_BIND = "/var/lib/etcd:/var/lib/rancher/etcd/:z";

export function initialCluster(hosts: Host[]): string {
  return hosts.map((host) => `etcd-${host.name}=https://${host.internalAddress}:2380`).join(",");
}

const CIPHER_SUITES = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384";

/** `members`: the hosts that are or become members; before v1.3.0 RKE took the first one's architecture for all. */
export function etcdProcess(config: RkeConfig, host: Host, members: Host[]): Process {
  const extra = extraOf(config.services.etcd);
  const certificate = certificateName("kube-etcd", host);
  // Without an internal address of its own the host may be reached through a translated one: listen on all.
  const listen = host.address === host.internalAddress ? "0.0.0.0" : host.internalAddress;
  const own = {
    name: `etcd-${host.name}`,
    "data-dir": "/var/lib/rancher/etcd/",
    "advertise-client-urls": `https://${host.internalAddress}:2379`,
    "listen-client-urls": `https://${listen}:2379`,
    "initial-advertise-peer-urls": `https://${host.internalAddress}:2380`,
    "listen-peer-urls": `https://${listen}:2380`,
    "initial-cluster-token": "etcd-cluster-1",
    "initial-cluster": initialCluster(members),
    "initial-cluster-state": host.existingEtcdCluster ? "existing" : "new",
    "trusted-ca-file": certPath("kube-ca"),
    "peer-trusted-ca-file": certPath("kube-ca"),
    "cert-file": certPath(certificate),
    "key-file": keyPath(certificate),
    "peer-cert-file": certPath(certificate),
    "peer-key-file": keyPath(certificate),
    ...(hardensEtcd(imagesOf(config).etcd) ? { "cipher-suites": CIPHER_SUITES } : {}),
  };
  const architecture = (writesOwnArchitecture() ? host : members[0])?.info.Architecture ?? "amd64";
  return {
    name: "etcd",
    args: [
      "/usr/local/bin/etcd",
      ...toFlags(mergeArguments(own, serviceOptions(config.kubernetesVersion, "etcd"), {}, extra.args)),
    ],
    env: [
      "ETCDCTL_API=3",
      `ETCDCTL_CACERT=${certPath("kube-ca")}`,
      `ETCDCTL_CERT=${certPath(certificate)}`,
      `ETCDCTL_KEY=${keyPath(certificate)}`,
      `ETCDCTL_ENDPOINTS=https://${listen === "0.0.0.0" ? "127.0.0.1" : listen}:2379`,
      `ETCD_UNSUPPORTED_ARCH=${architecture === "aarch64" ? "arm64" : architecture}`,
      ...extra.env,
    ],
    image: imagesOf(config).etcd,
    binds: unique([...ownBinds(config, [ETCD_DATA_BIND, KUBERNETES_BIND]), ...extra.binds]),
    networkMode: "host",
    restartPolicy: "always",
    healthCheck: { url: `https://${host.internalAddress}:2379/health` },
    labels: labelled("etcd"),
  };
}
