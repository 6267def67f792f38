import { hasKubernetes, hasOwnEtcdArguments, knownKubernetes, knownRke, kubernetesOf } from "./table";
import { isAtLeast, isInRange, minorOf } from "./versions";

type Arguments = Record<string, string>;

/**
 * The arguments that RKE's metadata give etcd by kubernetes_version (releases.json, etcdOptions; RKE's
 * getDefaultKubernetesServicesOptions). Undefined if they give none: RKE then adds --client-cert-auth and
 * --peer-client-cert-auth without a value.
 */
export function etcdOptions(rkeVersion: string, kubernetesVersion: string): Arguments | undefined {
  const minor = lineOf(kubernetesVersion);
  if (!isAtLeast(minor, "v1.17.0") && !hasOwnEtcdArguments(rkeVersion, kubernetesVersion)) {
    return undefined;
  }
  return {
    "client-cert-auth": "true",
    ...(corruptCheck.includes(kubernetesVersion) ? { "experimental-initial-corrupt-check": "true" } : {}),
    // etcd 3.4; 3.5 serves no v2 by default, and RKE stopped asking for it
    ...(isInRange(minor, "v1.17.0..v1.21.0") ? { "enable-v2": "true" } : {}),
    "peer-client-cert-auth": "true",
  };
}

/** Made in the weeks of etcd 3.5's data inconsistency, and no longer in the versions after them. */
const corruptCheck = ["v1.22.7-rancher1-2", "v1.23.4-rancher1-2"];

/** The arguments that RKE's metadata give kube-apiserver by kubernetes_version (releases.json, kubeapiOptions). */
export function kubeApiOptions(kubernetesVersion: string): Arguments {
  const minor = lineOf(kubernetesVersion);
  const since = (first: string, args: Arguments): Arguments => (isAtLeast(minor, first) ? args : {});
  return {
    ...(minor === "v1.9.0" ? { "admission-control": admissionControl.join(",") } : {}),
    "allow-privileged": "true",
    "anonymous-auth": "false",
    ...since("v1.20.0", { "api-audiences": "unknown" }),
    "bind-address": "0.0.0.0",
    "enable-admission-plugins": admissionPlugins(minor).join(","),
    ...(minor === "v1.20.0" ? { "feature-gates": "ServiceAccountIssuerDiscovery=false" } : {}),
    // the argument itself is gone in Kubernetes 1.24
    ...(isAtLeast(minor, "v1.24.0") ? {} : { "insecure-port": "0" }),
    "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
    profiling: "false",
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-username-headers": "X-Remote-User",
    "runtime-config": "authorization.k8s.io/v1beta1=true",
    "secure-port": "6443",
    ...since("v1.20.0", {
      "service-account-issuer": "rke",
      "service-account-signing-key-file": "/etc/kubernetes/ssl/kube-service-account-token-key.pem",
    }),
    "service-account-lookup": "true",
    "storage-backend": "etcd3",
    "tls-cipher-suites": cipherSuites.join(","),
  };
}

/**
 * The version whose arguments RKE takes: the one of cluster.yml if the metadata know arguments of exactly that version,
 * else the minor version of the image for Kubernetes, which may be another one by system_images (RKE's
 * getDefaultKubernetesServicesOptions). Undefined if the RKE release has no arguments for such a minor version, as none has for 1.8;
 * RKE then refuses.
 *
 * @param hyperkubeTag the tag of the image, "v1.20.5-rancher1"
 */
export function optionsVersion(
  rkeVersion: string,
  kubernetesVersion: string,
  hyperkubeTag: string,
): string | undefined {
  const minor = minorOf(hyperkubeTag) || minorOf(kubernetesVersion);
  const isExact = corruptCheck.includes(kubernetesVersion) || hasOwnEtcdArguments(rkeVersion, kubernetesVersion);
  if (isExact || (minor === minorOf(kubernetesVersion) && hasKubernetes(rkeVersion, kubernetesVersion))) {
    return minor === "v1.8" ? undefined : kubernetesVersion;
  }
  const isKnown = kubernetesOf(rkeVersion).some((version) => minorOf(version) === minor);
  return minor !== "v1.8" && (isKnown || isAfterTable(rkeVersion, minor)) ? `${minor}.0` : undefined;
}

/** A minor version newer than the table, by a release of RKE newer than the table: its arguments count as those of the newest that is known. */
function isAfterTable(rkeVersion: string, minor: string): boolean {
  const [newestRke = "", newest = ""] = [knownRke.at(-1), knownKubernetes.at(-1)];
  return /^v\d+\.\d+$/.test(minor) && !isAtLeast(newestRke, rkeVersion) && isAtLeast(`${minor}.0`, newest);
}

/** "v1.20.0" of "v1.20.5-rancher1-1": what holds for a minor version is compared without its patches. */
const lineOf = (kubernetesVersion: string): string => `${minorOf(kubernetesVersion)}.0`;

const admissionControl = [
  "ServiceAccount",
  "NamespaceLifecycle",
  "LimitRanger",
  "PersistentVolumeLabel",
  "DefaultStorageClass",
  "ResourceQuota",
  "DefaultTolerationSeconds",
  "NodeRestriction",
];

const admissionPlugins = (minor: string): string[] => [
  "NamespaceLifecycle",
  "LimitRanger",
  "ServiceAccount",
  "DefaultStorageClass",
  "DefaultTolerationSeconds",
  "MutatingAdmissionWebhook",
  "ValidatingAdmissionWebhook",
  "ResourceQuota",
  "NodeRestriction",
  ...(isAtLeast(minor, "v1.14.0") ? ["Priority"] : []),
  ...(isAtLeast(minor, "v1.15.0") ? ["TaintNodesByCondition", "PersistentVolumeClaimResize"] : []),
];

const cipherSuites = ["ECDSA", "RSA"].flatMap((kind) =>
  ["AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305"].map((cipher) => `TLS_ECDHE_${kind}_WITH_${cipher}`),
);
