import { isMapping, mapping } from "../../../values/mapping";
import { at } from "../modelled-keys";
import { isAtLeast } from "../releases/versions";
import { goYaml, type Json } from "./go-yaml";
import { md5 } from "./md5";

/**
 * The checksum of the file behind --admission-control-config-file (RKE's getConsolidatedAdmissionConfiguration): the
 * plug-in EventRateLimit always, whether it is enabled or not, and PodSecurity from Kubernetes 1.23 on. Of
 * `admission_configuration` RKE takes these two only; it loses all others, since it copies into an empty list.
 *
 * @param rke cluster.yml, as far as the topology doesn't model it
 * @returns undefined if the YAML can't be known for certain; then only the host knows it
 */
export function admissionChecksum(rke: unknown, kubernetesVersion: string): string | undefined {
  const kubeApi = at(rke, "services.kube-api");
  const said = at(kubeApi, "admission_configuration.plugins");
  const plugin = (name: string, otherwise: Json) =>
    chosenPlugin(said, name) ?? { configuration: otherwise, name, path: "" };
  const yaml = goYaml({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AdmissionConfiguration",
    plugins: [
      plugin("EventRateLimit", eventRateLimit(at(kubeApi, "event_rate_limit"))),
      ...(isAtLeast(kubernetesVersion, "v1.23.0-rancher0")
        ? [plugin("PodSecurity", podSecurity(at(kubeApi, "pod_security_configuration"), kubernetesVersion))]
        : []),
    ],
  });
  return yaml === undefined ? undefined : md5(yaml);
}

function chosenPlugin(plugins: unknown, name: string): Json | undefined {
  const found: unknown = Array.isArray(plugins) ? plugins.find((p) => at(p, "name") === name) : undefined;
  if (!isMapping(found)) {
    return undefined;
  }
  const path = typeof found.path === "string" ? found.path : "";
  return { configuration: (found.configuration ?? null) as Json, name, path };
}

/** RKE's newDefaultEventRateLimitConfig, or the one of cluster.yml if `enabled`; empty fields are left out. */
function eventRateLimit(said: unknown): Json {
  const { enabled, configuration } = mapping(said);
  if (enabled !== true || !isMapping(configuration)) {
    return {
      apiVersion: "eventratelimit.admission.k8s.io/v1alpha1",
      kind: "Configuration",
      limits: [{ burst: 20000, qps: 5000, type: "Server" }],
    };
  }
  const { apiVersion, kind, limits } = configuration;
  return {
    apiVersion: text(apiVersion),
    kind: text(kind),
    limits: Array.isArray(limits) ? limits.map((limit) => typedLimit(mapping(limit))) : null,
  };
}

const typedLimit = ({ type, qps, burst, cacheSize }: Record<string, unknown>): Json => ({
  burst: typeof burst === "number" ? burst : 0,
  cacheSize: typeof cacheSize === "number" && cacheSize !== 0 ? cacheSize : undefined,
  qps: typeof qps === "number" ? qps : 0,
  type: typeof type === "string" ? type : "",
});

/** RKE's newDefaultPodSecurityPluginConfigurationPrivileged and ...Restricted; another level counts as privileged. */
function podSecurity(level: unknown, kubernetesVersion: string): Json {
  const version = isAtLeast(kubernetesVersion, "v1.25.0-rancher0") ? "v1" : "v1beta1";
  const restricted = level === "restricted";
  return {
    apiVersion: `pod-security.admission.config.k8s.io/${version}`,
    defaults: restricted
      ? Object.fromEntries(
          ["enforce", "audit", "warn"].flatMap((mode) => [
            [mode, "restricted"],
            [`${mode}-version`, "latest"],
          ]),
        )
      : { enforce: "privileged", "enforce-version": "latest" },
    exemptions: restricted ? { namespaces: ["ingress-nginx", "kube-system"] } : {},
    kind: "PodSecurityConfiguration",
  };
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
