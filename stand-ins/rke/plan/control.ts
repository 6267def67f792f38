import { createHash } from "node:crypto";
import { isIP } from "node:net";
import { AUDIT_POLICY_PATH, AUDIT_POLICY_YAML, IMAGES } from "../defaults";
import type { Host } from "../hosts";
import { SERVICE_OPTIONS } from "../release";
import type { RkeConfig } from "../rke-config";
import {
  certPath,
  configPath,
  extraOf,
  KUBERNETES_BIND,
  keyPath,
  labelled,
  localHealth,
  mergeArguments,
  type Process,
  SIDEKICK,
  TOOLS_ENTRYPOINT,
  toFlags,
  unique,
} from "./process";

export const AUDIT_CHECKSUM = `RKE_AUDITLOG_CONFIG_CHECKSUM=${createHash("md5").update(AUDIT_POLICY_YAML).digest("hex")}`;

/** The host's own etcd first, then the others in cluster.yml's order. */
export function etcdServers(etcdHosts: Host[], internalAddress: string): string {
  const url = (address: string) => `https://${address}:2379`;
  const own = etcdHosts.filter((host) => host.internalAddress === internalAddress).slice(0, 1);
  const others = etcdHosts.filter((host) => host.internalAddress !== internalAddress);
  return [...own, ...others].map((host) => url(host.internalAddress)).join(",");
}

function etcdAccess(config: RkeConfig, host: Host, etcdHosts: Host[]): Record<string, string> {
  const etcd = config.services.etcd;
  if (etcd.externalUrls && etcd.externalUrls.length > 0) {
    return {
      "etcd-servers": etcd.externalUrls.join(","),
      "etcd-prefix": etcd.path ?? "",
      "etcd-cafile": certPath("kube-etcd-client-ca"),
      "etcd-certfile": certPath("kube-etcd-client"),
      "etcd-keyfile": keyPath("kube-etcd-client"),
    };
  }
  return {
    "etcd-servers": etcdServers(etcdHosts, host.internalAddress),
    "etcd-prefix": "/registry",
    "etcd-cafile": certPath("kube-ca"),
    "etcd-certfile": certPath("kube-node"),
    "etcd-keyfile": keyPath("kube-node"),
  };
}

export function kubeApiProcess(config: RkeConfig, host: Host, etcdHosts: Host[]): Process {
  const service = config.services.kubeApi;
  const extra = extraOf(service);
  const audit = service.auditLog.configuration;
  const own = {
    ...etcdAccess(config, host, etcdHosts),
    "client-ca-file": certPath("kube-ca"),
    "cloud-provider": "",
    "kubelet-client-certificate": certPath("kube-apiserver"),
    "kubelet-client-key": keyPath("kube-apiserver"),
    "proxy-client-cert-file": certPath("kube-apiserver-proxy-client"),
    "proxy-client-key-file": keyPath("kube-apiserver-proxy-client"),
    "requestheader-allowed-names": "kube-apiserver-proxy-client",
    "requestheader-client-ca-file": certPath("kube-apiserver-requestheader-ca"),
    "service-account-key-file": keyPath("kube-service-account-token"),
    "service-cluster-ip-range": service.serviceClusterIpRange,
    "service-node-port-range": service.serviceNodePortRange,
    "tls-cert-file": certPath("kube-apiserver"),
    "tls-private-key-file": keyPath("kube-apiserver"),
  };
  const later = {
    "authorization-mode": "Node,RBAC",
    ...(isIP(host.internalAddress) ? { "advertise-address": host.internalAddress } : {}),
    "audit-log-path": audit.path,
    "audit-log-maxage": String(audit.maxAge),
    "audit-log-maxbackup": String(audit.maxBackup),
    "audit-log-maxsize": String(audit.maxSize),
    "audit-log-format": audit.format,
    "audit-policy-file": AUDIT_POLICY_PATH,
  };
  return {
    name: "kube-apiserver",
    command: serviceCommand("kube-apiserver", mergeArguments(own, SERVICE_OPTIONS.kubeapi ?? {}, later, extra.args)),
    volumesFrom: [SIDEKICK],
    binds: unique([KUBERNETES_BIND, "/var/log/kube-audit:/var/log/kube-audit:z", ...extra.binds]),
    env: unique([...extra.env, AUDIT_CHECKSUM]),
    networkMode: "host",
    restartPolicy: "always",
    image: IMAGES.hyperkube,
    healthCheck: localHealth("https", 6443),
    labels: labelled("kube-apiserver"),
  };
}

export function controllerManagerProcess(config: RkeConfig): Process {
  const service = config.services.kubeController;
  const extra = extraOf(service);
  const own = {
    "cloud-provider": "",
    "cluster-cidr": service.clusterCidr,
    kubeconfig: configPath("kube-controller-manager"),
    "root-ca-file": certPath("kube-ca"),
    "service-account-private-key-file": keyPath("kube-service-account-token"),
    "service-cluster-ip-range": service.serviceClusterIpRange,
  };
  const named = mergeArguments(own, SERVICE_OPTIONS.kubeController ?? {}, {}, extra.args);
  return {
    name: "kube-controller-manager",
    command: serviceCommand("kube-controller-manager", named),
    args: ["--use-service-account-credentials=true"],
    volumesFrom: [SIDEKICK],
    binds: unique([KUBERNETES_BIND, ...extra.binds]),
    env: unique(extra.env),
    networkMode: "host",
    restartPolicy: "always",
    image: IMAGES.hyperkube,
    healthCheck: localHealth("http", 10252),
    labels: labelled("kube-controller-manager"),
  };
}

export function schedulerProcess(config: RkeConfig): Process {
  const extra = extraOf(config.services.scheduler);
  const own = { kubeconfig: configPath("kube-scheduler") };
  return {
    name: "kube-scheduler",
    command: serviceCommand("kube-scheduler", mergeArguments(own, SERVICE_OPTIONS.scheduler ?? {}, {}, extra.args)),
    volumesFrom: [SIDEKICK],
    binds: unique([KUBERNETES_BIND, ...extra.binds]),
    env: extra.env,
    networkMode: "host",
    restartPolicy: "always",
    image: IMAGES.hyperkube,
    healthCheck: localHealth("http", 10251),
    labels: labelled("kube-scheduler"),
  };
}

export function serviceCommand(name: string, named: Record<string, string>): string[] {
  return [TOOLS_ENTRYPOINT, name, ...toFlags(named)];
}
