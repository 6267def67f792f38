import { isIP } from "node:net";
import { AUDIT_POLICY_PATH, imagesOf } from "../defaults";
import type { Host } from "../hosts";
import { asksSecurely, deploysAdmission, serviceOptions, unmarksAuditLog } from "../releases";
import type { RkeConfig } from "../rke-config";
import { ADMISSION_PATH, checksums } from "./checksums";
import {
  certPath,
  configPath,
  extraOf,
  KUBERNETES_BIND,
  keyPath,
  labelled,
  localHealth,
  mergeArguments,
  ownBinds,
  type Process,
  SIDEKICK,
  TOOLS_ENTRYPOINT,
  toFlags,
  unique,
} from "./process";

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
    ...(deploysAdmission() ? { "admission-control-config-file": ADMISSION_PATH } : {}),
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
    command: serviceCommand(
      "kube-apiserver",
      mergeArguments(own, serviceOptions(config.kubernetesVersion, "kubeapi"), later, extra.args),
    ),
    volumesFrom: [SIDEKICK],
    binds: unique([
      ...ownBinds(config, [KUBERNETES_BIND]),
      `/var/log/kube-audit:/var/log/kube-audit${unmarksAuditLog() ? "" : ":z"}`,
      ...extra.binds,
    ]),
    env: unique([...extra.env, ...checksums(config.kubernetesVersion)]),
    networkMode: "host",
    restartPolicy: "always",
    image: imagesOf(config).hyperkube,
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
  const named = mergeArguments(own, serviceOptions(config.kubernetesVersion, "kubeController"), {}, extra.args);
  return {
    name: "kube-controller-manager",
    command: serviceCommand("kube-controller-manager", named),
    args: ["--use-service-account-credentials=true"],
    volumesFrom: [SIDEKICK],
    binds: unique([...ownBinds(config, [KUBERNETES_BIND]), ...extra.binds]),
    env: unique(extra.env),
    networkMode: "host",
    restartPolicy: "always",
    image: imagesOf(config).hyperkube,
    healthCheck: asksSecurely(config.kubernetesVersion, "v1.22.0")
      ? localHealth("https", 10257)
      : localHealth("http", 10252),
    labels: labelled("kube-controller-manager"),
  };
}

export function schedulerProcess(config: RkeConfig): Process {
  const extra = extraOf(config.services.scheduler);
  const own = { kubeconfig: configPath("kube-scheduler") };
  return {
    name: "kube-scheduler",
    command: serviceCommand(
      "kube-scheduler",
      mergeArguments(own, serviceOptions(config.kubernetesVersion, "scheduler"), {}, extra.args),
    ),
    volumesFrom: [SIDEKICK],
    binds: unique([...ownBinds(config, [KUBERNETES_BIND]), ...extra.binds]),
    env: extra.env,
    networkMode: "host",
    restartPolicy: "always",
    image: imagesOf(config).hyperkube,
    healthCheck: asksSecurely(config.kubernetesVersion, "v1.23.0")
      ? localHealth("https", 10259)
      : localHealth("http", 10251),
    labels: labelled("kube-scheduler"),
  };
}

export function serviceCommand(name: string, named: Record<string, string>): string[] {
  return [TOOLS_ENTRYPOINT, name, ...toFlags(named)];
}
