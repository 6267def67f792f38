import type { Topology } from "../../../topology/topology";
import { cloudProvider } from "../checksums/cloud-provider";
import { authenticationStrategies, hasRbac } from "../kube-api-settings";
import { at } from "../modelled-keys";
import { holds } from "./rules";
import { isAtLeast } from "./versions";

type Cluster = Pick<Topology, "rke" | "rkeVersion" | "kubernetesVersion">;

/**
 * Settings that RKE refuses with a version of Kubernetes (cluster/validation.go validateAuthOptions, validatePodSecurityPolicy and
 * validatePodSecurity, cluster/defaults.go setCloudProvider), each as `item: rule: value`.
 */
export function refusedSettings({ rke, rkeVersion, kubernetesVersion }: Cluster): string[] {
  const has = (minor: string) => isAtLeast(kubernetesVersion, `${minor}.0-rancher0`);
  const isRbac = hasRbac(rke);
  const level = at(rke, "services.kube-api.pod_security_configuration");
  const policies = at(rke, "services.kube-api.pod_security_policy") === true && isAtLeast(rkeVersion, "v1.4.4");
  const isLevelRead = typeof level === "string" && level !== "" && holds("admissionFileAlways", rkeVersion);
  const told = (item: string, rule: string) =>
    `topology.rke.${item}: RKE ${rkeVersion} refuses it ${rule}: ${JSON.stringify(at(rke, item))}`;
  const strategies = authenticationStrategies(rke);
  const isStrategy = strategies.includes("x509") && strategies.every((name) => name === "x509" || name === "webhook");
  return [
    ...(isStrategy ? [] : [told("authentication.strategy", 'unless it is "x509" or "x509|webhook"')]),
    ...(policies && isRbac && holds("podSecurityPolicy", rkeVersion) && has("v1.25")
      ? [told("services.kube-api.pod_security_policy", "with Kubernetes 1.25 and later")]
      : []),
    ...(isLevelRead && !has("v1.23")
      ? [told("services.kube-api.pod_security_configuration", "before Kubernetes 1.23")]
      : []),
    // without a level RKE takes "privileged" from Kubernetes 1.23 on, and checks that as well
    ...((isLevelRead || (holds("admissionFileAlways", rkeVersion) && has("v1.23"))) && !isRbac
      ? [told("authorization.mode", "with Pod Security, which Kubernetes 1.23 and later have, unless it is rbac")]
      : []),
    ...(isLevelRead && level !== "privileged" && level !== "restricted"
      ? [told("services.kube-api.pod_security_configuration", "unless it is privileged or restricted")]
      : []),
    ...cloudProblems({ rke, rkeVersion, kubernetesVersion }),
  ];
}

/** RKE refuses a provider without the settings that it needs (cloudprovider/, cluster/defaults.go setCloudProvider). */
function cloudProblems({ rke, rkeVersion, kubernetesVersion }: Cluster): string[] {
  const { name, missing } = cloudProvider({ rke, rkeVersion });
  const said = JSON.stringify(at(rke, "cloud_provider.name") ?? name);
  if (missing !== undefined) {
    return [`topology.rke.cloud_provider.${missing}: is missing, and RKE refuses the provider without it: ${said}`];
  }
  return name === "aws" && holds("externalAws", rkeVersion) && isAtLeast(kubernetesVersion, "v1.27.0-rancher0")
    ? [
        `topology.rke.cloud_provider.name: RKE ${rkeVersion} refuses it with Kubernetes 1.27 and later, which has external-aws: ${said}`,
      ]
    : [];
}
