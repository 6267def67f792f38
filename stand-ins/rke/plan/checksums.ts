/** The file of admission plug-ins, and the checksums by which RKE makes a change of a file a change of kube-apiserver's container. */
import { createHash } from "node:crypto";
import { AUDIT_POLICY_YAML } from "../defaults";
import { isVersion, showsAdmission } from "../releases";

export const ADMISSION_PATH = "/etc/kubernetes/admission.yaml";

/** As RKE's YAML library writes its defaults: EventRateLimit always, PodSecurity from Kubernetes 1.23 on. */
export function admissionYaml(kubernetesVersion: string): string {
  const group = `pod-security.admission.config.k8s.io/${isVersion(kubernetesVersion, "v1.25.0") ? "v1" : "v1beta1"}`;
  return [
    "apiVersion: apiserver.config.k8s.io/v1",
    "kind: AdmissionConfiguration",
    "plugins:",
    "- configuration:",
    "    apiVersion: eventratelimit.admission.k8s.io/v1alpha1",
    "    kind: Configuration",
    "    limits:",
    "    - burst: 20000",
    "      qps: 5000",
    "      type: Server",
    "  name: EventRateLimit",
    '  path: ""',
    ...(isVersion(kubernetesVersion, "v1.23.0")
      ? [
          "- configuration:",
          `    apiVersion: ${group}`,
          "    defaults:",
          "      enforce: privileged",
          "      enforce-version: latest",
          "    exemptions: {}",
          "    kind: PodSecurityConfiguration",
          "  name: PodSecurity",
          '  path: ""',
        ]
      : []),
    "",
  ].join("\n");
}

const md5 = (text: string) => createHash("md5").update(text).digest("hex");

export const checksums = (kubernetesVersion: string): string[] => [
  ...(showsAdmission() ? [`RKE_ADMISSION_CONFIG_CHECKSUM=${md5(admissionYaml(kubernetesVersion))}`] : []),
  `RKE_AUDITLOG_CONFIG_CHECKSUM=${md5(AUDIT_POLICY_YAML)}`,
];
