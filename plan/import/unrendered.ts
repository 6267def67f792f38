import { type Mapping, mapping } from "../values/mapping";
import { isEmpty } from "./reading";

/**
 * What goes into cluster.yml unchanged and changes etcd's or kube-apiserver's process in a way that this program doesn't
 * render (RKE's cluster/plan.go BuildEtcdProcess, BuildKubeAPIProcess).
 */
const paths = [
  "services.etcd.image",
  "services.etcd.uid",
  "services.etcd.gid",
  "services.etcd.extra_binds",
  "services.etcd.extra_env",
  "services.kube-api.image",
  "services.kube-api.extra_binds",
  "services.kube-api.extra_env",
  "services.kube-api.service_node_port_range",
  "services.kube-api.pod_security_policy",
  "services.kube-api.always_pull_images",
  "services.kube-api.secrets_encryption_config",
  "services.kube-api.audit_log",
  "services.kube-api.admission_configuration",
  "services.kube-api.event_rate_limit",
  "authorization.mode",
  "cloud_provider.name",
  "prefix_path",
];

/** Values that say what RKE does anyway. */
const usual: Record<string, unknown> = {
  "services.kube-api.service_node_port_range": "30000-32767",
  "authorization.mode": "rbac",
};

export function unrendered(rke: Mapping): string[] {
  const set = paths.filter((path) => {
    const keys = path.split(".");
    const value = keys.reduce<unknown>((node, key) => mapping(node)[key], rke);
    return !isEmpty(value) && value !== usual[path];
  });
  const bastion = isEmpty(rke.bastion_host)
    ? []
    : ["rke.bastion_host: RKE's alone; this program's own SSH goes through ssh.bastion"];
  return [
    ...set.map(
      (path) =>
        `rke.${path}: goes into cluster.yml as it stands; \`npm run render\` doesn't show what it changes in etcd or kube-apiserver`,
    ),
    ...bastion,
  ];
}
