/** The values that RKE fills in if cluster.yml is silent, in the order in which it writes cluster.rkestate. */

import { hasIngressClass, portsIngress } from "./releases";
import type { AuditLogConfiguration, RkeConfig } from "./rke-config";

export const AUDIT_POLICY_PATH = "/etc/kubernetes/audit-policy.yaml";

/** The default audit policy as RKE's YAML library writes it: its md5 is in every kube-apiserver's environment. */
export const AUDIT_POLICY_YAML =
  "apiVersion: audit.k8s.io/v1\nkind: Policy\nmetadata:\n  creationTimestamp: null\nrules:\n- level: Metadata\n";

export function defaultAuditLog(): { enabled: boolean; configuration: AuditLogConfiguration } {
  return {
    enabled: true,
    configuration: {
      maxAge: 30,
      maxBackup: 10,
      maxSize: 100,
      path: "/var/log/kube-audit/audit-log.json",
      format: "json",
      policy: {
        kind: "Policy",
        apiVersion: "audit.k8s.io/v1",
        metadata: { creationTimestamp: null },
        rules: [{ level: "Metadata" }],
      },
    },
  };
}

/** Two lower timeouts than etcd's own: RKE sets them unless cluster.yml does. */
export const ETCD_TIMEOUTS = { "election-timeout": "5000", "heartbeat-interval": "500" };

/** The images of what runs on hosts, of the configuration's version of Kubernetes. */
export function imagesOf({ systemImages }: Pick<RkeConfig, "systemImages">) {
  const { etcd = "", kubernetes: hyperkube = "", alpine: tools = "", podInfraContainer: pause = "" } = systemImages;
  return { etcd, hyperkube, tools, pause };
}

const DAEMON_SET_UPDATE = { strategy: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } };
const DEPLOYMENT_UPDATE = { strategy: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } };

export function networkDefaults(plugin: string): RkeConfig["network"] {
  return { plugin, updateStrategy: structuredClone(DAEMON_SET_UPDATE) };
}

export function ingressDefaults(provider: string, kubernetesVersion: string): RkeConfig["ingress"] {
  const ports = portsIngress(kubernetesVersion);
  return {
    provider,
    updateStrategy: structuredClone(DAEMON_SET_UPDATE),
    httpPort: 80,
    httpsPort: 443,
    networkMode: ports ? "hostPort" : "hostNetwork",
    defaultBackend: !ports,
    ...(hasIngressClass() ? { defaultIngressClass: true } : {}),
  };
}

export function monitoringDefaults(provider: string): RkeConfig["monitoring"] {
  return { provider, updateStrategy: structuredClone(DEPLOYMENT_UPDATE), replicas: 1 };
}

export function dnsDefaults(provider: string): RkeConfig["dns"] {
  return {
    provider,
    linearAutoscalerParams: { coresPerReplica: 128, nodesPerReplica: 4, min: 1, preventSinglePointFailure: true },
  };
}

/**
 * RKE applies its defaults a second time to the state it has just written; a strategy that is there by then gets drain
 * settings too. So the desired state lacks them and the current state has them.
 */
export function applyDefaultsAgain(config: RkeConfig): RkeConfig {
  const again = structuredClone(config);
  again.upgradeStrategy.nodeDrainInput ??= { ignoreDaemonSets: true, gracePeriod: -1, timeout: 120 };
  return again;
}
