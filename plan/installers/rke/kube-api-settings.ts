import type { Topology } from "../../topology/topology";
import { isMapping } from "../../values/mapping";
import { admissionChecksum } from "./checksums/admission";
import { auditPolicyChecksum } from "./checksums/audit-policy";
import { cloudProvider } from "./checksums/cloud-provider";
import { at } from "./modelled-keys";
import { holds } from "./releases/rules";
import { isAtLeast, isInRange } from "./releases/versions";

type Cluster = Pick<Topology, "rke" | "rkeVersion" | "kubernetesVersion" | "kubeApi">;

/** Checksums in kube-apiserver's environment, of the files that RKE deploys; MD5, hex. */
export interface ConfigChecksums {
  audit?: string | undefined;
  admission?: string | undefined;
  cloud?: string | undefined;
}

const variables = {
  cloud: "RKE_CLOUD_CONFIG_CHECKSUM",
  admission: "RKE_ADMISSION_CONFIG_CHECKSUM",
  audit: "RKE_AUDITLOG_CONFIG_CHECKSUM",
} as const;

/** Stands for a checksum that only the host knows: cluster.yml lacks the values from which RKE generated the file. */
export const unknownChecksum = "known-to-the-host-only";

/** The checksums in the environment of a kube-apiserver that runs. */
export function deployedChecksums(env: string[]): ConfigChecksums {
  const value = (name: string) => env.find((e) => e.startsWith(`${name}=`))?.slice(name.length + 1);
  return { cloud: value(variables.cloud), admission: value(variables.admission), audit: value(variables.audit) };
}

/** The variables by which RKE makes a change of a file a change of the container. @param deployed known better by the host */
export function checksumVariables(cluster: Cluster, deployed: ConfigChecksums): string[] {
  const kubeApi = at(cluster.rke, "services.kube-api");
  const cloud = cloudProvider(cluster);
  const hasAudit = keepsAuditLog(cluster) && holds("auditChecksum", cluster.rkeVersion);
  const hasAdmission =
    holds("admissionChecksum", cluster.rkeVersion) &&
    cluster.kubeApi.extraArgs["admission-control-config-file"] === undefined;
  const of = (part: keyof ConfigChecksums, computed: () => string | undefined) => [
    `${variables[part]}=${deployed[part] ?? computed() ?? unknownChecksum}`,
  ];
  return [
    ...(cloud.name === "" ? [] : of("cloud", () => cloud.checksum)),
    ...(hasAdmission ? of("admission", () => admissionChecksum(cluster.rke, cluster.kubernetesVersion)) : []),
    ...(hasAudit
      ? of("audit", () => auditPolicyChecksum(at(kubeApi, "audit_log.configuration.policy"), cluster.rkeVersion))
      : []),
  ];
}

/** cloud_provider; the argument stands there with an empty value, too. */
export function cloudArguments({ rke, rkeVersion }: Cluster): Record<string, string> {
  const { name } = cloudProvider({ rke, rkeVersion });
  return {
    "cloud-provider": name === "external-aws" && holds("externalAws", rkeVersion) ? "external" : name,
    ...(name === "" ? {} : { "cloud-config": "/etc/kubernetes/cloud-config" }),
  };
}

/**
 * Names of `authentication.strategy`, which RKE separates by "|" and reads in small letters (cluster/defaults.go setClusterAuthnDefaults).
 * @returns x509 alone if nothing is said
 */
export const authenticationStrategies = (rke: unknown): string[] => {
  const said = at(rke, "authentication.strategy");
  return (typeof said === "string" && said !== "" ? said : "x509").split("|").map((name) => name.trim().toLowerCase());
};

/**
 * Arguments of a webhook that checks tokens: it is there if the strategy names it, or its mapping exists, even an empty one. RKE deploys
 * the file, and writes one of its own if cluster.yml has none.
 */
export function webhookArguments({ rke }: Pick<Topology, "rke">): Record<string, string> {
  const webhook = at(rke, "authentication.webhook");
  if (!isMapping(webhook) && !authenticationStrategies(rke).includes("webhook")) return {};
  const timeout = at(webhook, "cache_timeout");
  return {
    "authentication-token-webhook-config-file": "/etc/kubernetes/kube-api-authn-webhook.yaml",
    "authentication-token-webhook-cache-ttl": typeof timeout === "string" && timeout !== "" ? timeout : "5s",
  };
}

/** True if authorization.mode is rbac, RKE's default; without it RKE turns pod_security_policy off (cluster/defaults.go setClusterDefaults). */
export function hasRbac(rke: unknown): boolean {
  const mode = at(rke, "authorization.mode");
  return mode === undefined || mode === "" || mode === "rbac";
}

/**
 * Plug-ins that cluster.yml adds to those of the metadata, and what belongs to them. RKE adds them to the first of
 * --enable-admission-plugins and --admission-control that stands there.
 *
 * @param options arguments that the metadata give
 */
export function admissionArguments(cluster: Cluster, options: Record<string, string>): Record<string, string> {
  const isSet = (key: string) => at(cluster.rke, `services.kube-api.${key}`) === true;
  const hasPolicies =
    isSet("pod_security_policy") && holds("podSecurityPolicy", cluster.rkeVersion) && hasRbac(cluster.rke);
  const plugins = [
    ...(hasPolicies ? ["PodSecurityPolicy"] : []),
    ...(isSet("always_pull_images") ? ["AlwaysPullImages"] : []),
    ...(isSet("event_rate_limit.enabled") ? ["EventRateLimit"] : []),
  ];
  const list = ["enable-admission-plugins", "admission-control"].find((name) => options[name] !== undefined) ?? "";
  return {
    ...(plugins.length > 0 ? { [list]: [options[list] ?? "", ...plugins].join(",") } : {}),
    ...(hasPolicies ? { "runtime-config": "policy/v1beta1/podsecuritypolicy=true" } : {}),
    ...(isSet("event_rate_limit.enabled") ? { "admission-control-config-file": "/etc/kubernetes/admission.yaml" } : {}),
  };
}

/** True if kube-apiserver writes an audit log: by audit_log if it is set, else by the version (checkVersionNeedsKubeAPIAuditLog). */
export function keepsAuditLog({ rke, kubernetesVersion }: Cluster): boolean {
  const said = at(rke, "services.kube-api.audit_log");
  const byDefault =
    isInRange(kubernetesVersion, "v1.15.11-rancher0..v1.15.99") ||
    isInRange(kubernetesVersion, "v1.16.8-rancher0..v1.16.99") ||
    isAtLeast(kubernetesVersion, "v1.17.4-rancher0");
  return said === undefined || said === null ? byDefault : at(said, "enabled") === true;
}

/**
 * audit_log's arguments. RKE fills in its own configuration only if cluster.yml has none: one that says less gets 0 and
 * empty text for the rest. A configuration counts even where `enabled` is false.
 */
export function auditArguments(cluster: Cluster): Record<string, string> {
  const said = at(cluster.rke, "services.kube-api.audit_log.configuration");
  if (said === undefined || said === null) {
    return keepsAuditLog(cluster) ? { ...defaultAuditLog, ...auditPolicyFile } : {};
  }
  const number = (key: string) => String(Number(at(said, key) ?? 0));
  return {
    "audit-log-format": String(at(said, "format") ?? ""),
    "audit-log-maxage": number("max_age"),
    "audit-log-maxbackup": number("max_backup"),
    "audit-log-maxsize": number("max_size"),
    "audit-log-path": String(at(said, "path") ?? ""),
    ...auditPolicyFile,
  };
}

const auditPolicyFile = { "audit-policy-file": "/etc/kubernetes/audit-policy.yaml" };

/** RKE's newDefaultAuditLogConfig. */
const defaultAuditLog = {
  "audit-log-format": "json",
  "audit-log-maxage": "30",
  "audit-log-maxbackup": "10",
  "audit-log-maxsize": "100",
  "audit-log-path": "/var/log/kube-audit/audit-log.json",
};
