import { cloudProvider } from "./rke-types-cloud";
import { aciNetworkProvider, systemImages } from "./rke-types-names";
import { ofEach, type Shape, struct, textMap, texts } from "./shape";

/**
 * cluster.yml as RKE v1.2.7 to v1.7.0-rc.3 read it: the keys of all these releases together, taken from the fields and tags of
 * RKE's types/rke_types.go and types/backup_types.go. A field without a tag has its name in small letters (yaml.v2).
 * Secrets are the fields that RKE marks as passwords, and those beside them that open something as well.
 */
const service = (names: string, others: Record<string, Shape> = {}): Shape =>
  struct(`image ${names}`, {
    ...ofEach("extra_args win_extra_args", textMap),
    ...ofEach("extra_args_array win_extra_args_array", { map: texts }),
    ...ofEach("extra_binds win_extra_binds extra_env win_extra_env", texts),
    ...others,
  });

const tolerations: Shape = { list: struct("key operator value effect", { tolerationseconds: "whole" }) };
/** The fields that each addon has; its update strategy has Kubernetes' types. */
const addon = { node_selector: textMap, options: textMap, tolerations, update_strategy: "json" } as const;

const node = struct(
  "nodeName address port internal_address hostname_override user docker_socket ssh_key_path ssh_cert_path",
  {
    role: texts,
    ssh_agent_auth: "flag",
    ssh_key: "secret",
    ssh_cert: "text",
    labels: textMap,
    taints: { list: struct("key value effect timeAdded") },
  },
);

const etcd = service("ca_cert cert path retention creation", {
  external_urls: texts,
  key: "secret",
  ...ofEach("uid gid", "whole"),
  snapshot: "flag",
  backup_config: struct("", {
    ...ofEach("enabled safe_timestamp", "flag"),
    ...ofEach("interval_hours retention timeout", "whole"),
    s3backupconfig: struct("bucket_name region endpoint custom_ca folder", ofEach("access_key secret_key", "secret")),
  }),
});

const kubeApi = service("service_cluster_ip_range service_node_port_range pod_security_configuration", {
  ...ofEach("pod_security_policy always_pull_images", "flag"),
  secrets_encryption_config: struct("", { enabled: "flag", custom_config: "json" }),
  audit_log: struct("", {
    enabled: "flag",
    configuration: struct("path format", { ...ofEach("max_age max_backup max_size", "whole"), policy: "json" }),
  }),
  admission_configuration: "json",
  event_rate_limit: struct("", { enabled: "flag", configuration: "json" }),
});

const services = struct("", {
  etcd,
  "kube-api": kubeApi,
  "kube-controller": service("cluster_cidr service_cluster_ip_range"),
  scheduler: service(""),
  kubelet: service("cluster_domain infra_container_image cluster_dns_server", {
    ...ofEach("fail_swap_on generate_serving_certificate", "flag"),
  }),
  kubeproxy: service(""),
});

const network = struct("plugin", {
  ...addon,
  mtu: "whole",
  calico_network_provider: struct("cloudprovider"),
  canal_network_provider: struct("iface"),
  flannel_network_provider: struct("iface"),
  weave_network_provider: struct("", { password: "secret" }),
  aci_network_provider: aciNetworkProvider,
});

const ingress = struct(
  "provider dns_policy network_mode default_http_backend_priority_class_name nginx_ingress_controller_priority_class_name",
  {
    ...addon,
    extra_args: textMap,
    ...ofEach("extra_envs extra_volumes extra_volume_mounts", "jsons"),
    ...ofEach("http_port https_port", "whole"),
    ...ofEach("default_backend default_ingress_class", "flag"),
  },
);

const dns = struct("provider", {
  ...addon,
  ...ofEach("upstreamnameservers reversecidrs", texts),
  stubdomains: { map: texts },
  nodelocal: struct("ip_address node_local_dns_priority_class_name", {
    node_selector: textMap,
    update_strategy: "json",
  }),
  linear_autoscaler_params: struct("", {
    ...ofEach("cores_per_replica nodes_per_replica", "real"),
    ...ofEach("min max", "whole"),
    prevent_single_point_failure: "flag",
  }),
});

export const clusterYmlShape = struct(
  `cluster_name kubernetes_version prefix_path win_prefix_path ssh_key_path ssh_cert_path addons
   cri_dockerd_stream_server_address cri_dockerd_stream_server_port`,
  {
    nodes: { list: node },
    services,
    network,
    authentication: struct("strategy", { sans: texts, webhook: struct("cache_timeout", { config_file: "secret" }) }),
    authorization: struct("mode", { options: textMap }),
    addons_include: texts,
    system_images: systemImages,
    ...ofEach("ssh_agent_auth ignore_docker_version enable_cri_dockerd rotate_encryption_key", "flag"),
    private_registries: {
      list: struct("url user", {
        password: "secret",
        is_default: "flag",
        ecr_credential_plugin: struct(
          "",
          ofEach("aws_access_key_id aws_secret_access_key aws_session_token", "secret"),
        ),
      }),
    },
    ingress,
    cloud_provider: cloudProvider,
    addon_job_timeout: "whole",
    bastion_host: struct("address port user ssh_key_path ssh_cert ssh_cert_path", {
      ssh_key: "secret",
      ...ofEach("ssh_agent_auth ignore_proxy_env_vars", "flag"),
    }),
    monitoring: struct("provider metrics_server_priority_class_name", { ...addon, replicas: "whole" }),
    restore: struct("snapshot_name", { restore: "flag" }),
    rotate_certificates: struct("", { cacertificates: "flag", services: texts }),
    dns,
    upgrade_strategy: struct("max_unavailable_worker max_unavailable_controlplane", {
      drain: "flag",
      node_drain_input: "json",
    }),
  },
);
