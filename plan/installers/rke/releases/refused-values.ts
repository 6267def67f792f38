import type { Topology } from "../../../topology/topology";
import { isMapping, mapping } from "../../../values/mapping";
import { cloudProvider } from "../checksums/cloud-provider";
import { at } from "../modelled-keys";
import { holds } from "./rules";
import { isAtLeast } from "./versions";

type Cluster = Pick<Topology, "rke" | "rkeVersion" | "kubernetesVersion">;

const plugins = ["none", "flannel", "calico", "canal", "weave", "aci"];
const dnsPolicies = ["ClusterFirst", "ClusterFirstWithHostNet", "None", "Default"];
const networkModes = ["hostNetwork", "hostPort", "none"];

/**
 * Values of cluster.yml that RKE refuses before it plans anything, so that no `rke up` would end well, that of a failover neither; each as
 * `item: rule: value`. They change nothing in what this program starts. Source: RKE's cluster/validation.go, cluster/cluster.go
 * parseAuditLogConfig and parseAdmissionConfig, cloudprovider/; compared with RKE v1.2.5, v1.3.13, v1.4.14 and v1.5.10.
 */
export function refusedValues(cluster: Cluster): string[] {
  const { rke } = cluster;
  const { missing } = cloudProvider(cluster);
  const told = (item: string, rule: string) =>
    `topology.rke.${item}: ${rule}, RKE refuses it, and \`rke up\` would fail: ${JSON.stringify(at(rke, item)) ?? "nothing"}`;
  const oneOf = (item: string, known: string[]) => {
    const said = at(rke, item);
    return typeof said !== "string" || said === "" || known.includes(said)
      ? []
      : [told(item, `is none of ${known.join(", ")}`)];
  };
  const hasMtu = at(rke, "network.plugin") === "flannel" && Number(at(rke, "network.mtu") ?? 0) !== 0;
  const isTooOld =
    at(rke, "enable_cri_dockerd") === true &&
    isAtLeast(cluster.rkeVersion, "v1.3.0") &&
    !isAtLeast(cluster.kubernetesVersion, "v1.21.0-rancher0");
  return [
    ...oneOf("network.plugin", plugins),
    ...(hasMtu ? [told("network.mtu", "isn't for flannel")] : []),
    ...oneOf("ingress.provider", ["nginx", "none"]),
    ...oneOf("ingress.dns_policy", dnsPolicies),
    ...oneOf("ingress.network_mode", networkModes),
    ...(isTooOld ? [told("enable_cri_dockerd", "needs Kubernetes 1.21 or later")] : []),
    ...snapshotBucket(rke).map((item) => told(item, "is missing")),
    ...(missing === undefined ? [] : [told(`cloud_provider.${missing}`, "is missing")]),
    ...kinds(cluster).map(([item, rule]) => told(item, rule)),
  ];
}

/** The parts of s3backupconfig that RKE needs, also if snapshots are off (validateEtcdBackupOptions). */
function snapshotBucket(rke: unknown): string[] {
  const bucket = "services.etcd.backup_config.s3backupconfig";
  return isMapping(at(rke, bucket))
    ? ["endpoint", "bucket_name"].map((key) => `${bucket}.${key}`).filter((item) => (at(rke, item) ?? "") === "")
    : [];
}

/** Kubernetes' own objects in cluster.yml, of which RKE reads one kind and one version each. */
function kinds({ rke, rkeVersion }: Cluster): [item: string, rule: string][] {
  const policy = "services.kube-api.audit_log.configuration.policy";
  const admission = "services.kube-api.admission_configuration";
  const isOther = (item: string, kind: string, versions: string[]) => {
    const said = mapping(at(rke, item));
    return isMapping(at(rke, item)) && !(said.kind === kind && versions.includes(String(said.apiVersion ?? "")));
  };
  const admissionVersion = holds("admissionFileAlways", rkeVersion)
    ? "apiserver.config.k8s.io/v1"
    : "apiserver.k8s.io/v1alpha1";
  return [
    ...(isOther(policy, "Policy", ["audit.k8s.io/v1", ""])
      ? [[policy, "is no Policy of audit.k8s.io/v1"] as [string, string]]
      : []),
    ...(isOther(admission, "AdmissionConfiguration", [admissionVersion])
      ? [[admission, `is no AdmissionConfiguration of ${admissionVersion}`] as [string, string]]
      : []),
  ];
}
