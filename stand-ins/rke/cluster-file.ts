/** cluster.yml to the configuration that RKE would write to cluster.rkestate. */
import { parse } from "yaml";
import { z } from "zod";
import {
  defaultAuditLog,
  dnsDefaults,
  ETCD_TIMEOUTS,
  imagesOf,
  ingressDefaults,
  monitoringDefaults,
  networkDefaults,
} from "./defaults";
import { defaultKubernetes, enablesCriDockerd, isModelled, securesPods, systemImages } from "./releases";
import type { NodeConfig, RkeConfig, Role } from "./rke-config";

const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const texts = z.record(z.string(), text);
const base = {
  extra_args: texts.optional(),
  extra_binds: z.array(text).optional(),
  extra_env: z.array(text).optional(),
};

const node = z.strictObject({
  address: text,
  internal_address: text.optional(),
  port: text.optional(),
  hostname_override: text.optional(),
  user: text,
  role: z.array(z.enum(["etcd", "controlplane", "worker"])).min(1),
  labels: texts.optional(),
  taints: z.array(z.strictObject({ key: text, value: text.optional(), effect: text })).optional(),
  ssh_key_path: text.optional(),
});

const etcd = z.strictObject({
  ...base,
  external_urls: z.array(text).optional(),
  ca_cert: text.optional(),
  cert: text.optional(),
  key: text.optional(),
  path: text.optional(),
  snapshot: z.boolean().optional(),
  retention: text.optional(),
  creation: text.optional(),
});

const services = z.strictObject({
  etcd: etcd.optional(),
  "kube-api": z
    .strictObject({
      ...base,
      service_cluster_ip_range: text.optional(),
      service_node_port_range: text.optional(),
      pod_security_policy: z.literal(false).optional(),
      always_pull_images: z.literal(false).optional(),
    })
    .optional(),
  "kube-controller": z
    .strictObject({ ...base, cluster_cidr: text.optional(), service_cluster_ip_range: text.optional() })
    .optional(),
  scheduler: z.strictObject(base).optional(),
  kubelet: z
    .strictObject({
      ...base,
      cluster_domain: text.optional(),
      cluster_dns_server: text.optional(),
      infra_container_image: text.optional(),
      fail_swap_on: z.boolean().optional(),
    })
    .optional(),
  kubeproxy: z.strictObject(base).optional(),
});

const clusterFile = z.strictObject({
  cluster_name: text.optional(),
  kubernetes_version: text.refine(isModelled, "a version that isn't recorded").optional(),
  ssh_key_path: text.optional(),
  ssh_agent_auth: z.literal(false).optional(),
  ignore_docker_version: z.boolean().optional(),
  nodes: z
    .array(node)
    .nullish()
    .transform((nodes) => nodes ?? []),
  services: services.optional(),
  network: z.strictObject({ plugin: text.optional() }).optional(),
  ingress: z.strictObject({ provider: text.optional() }).optional(),
  dns: z.strictObject({ provider: text.optional() }).optional(),
  monitoring: z.strictObject({ provider: text.optional() }).optional(),
  authentication: z.strictObject({ strategy: z.literal("x509").optional(), sans: z.array(text).optional() }).optional(),
  authorization: z.strictObject({ mode: z.literal("rbac").optional() }).optional(),
  upgrade_strategy: z
    .strictObject({
      max_unavailable_worker: text.optional(),
      max_unavailable_controlplane: text.optional(),
      drain: z.literal(false).optional(),
    })
    .optional(),
});

/** Every key or value that the stand-in does not know, by its path, in one error. */
export function parseClusterFile(content: string, ignoreDockerVersion: boolean): RkeConfig {
  const result = clusterFile.safeParse(parse(content));
  if (!result.success) {
    const faults = result.error.issues.map((issue) => {
      const where = issue.path.length > 0 ? issue.path.join(".") : "cluster.yml";
      return `${where}: ${issue.message}`;
    });
    throw new Error(`Failed to parse cluster file: the stand-in does not model: ${faults.join("; ")}`);
  }
  return toConfig(result.data, ignoreDockerVersion);
}

/** Parts of a cluster that the stand-in reads but can't deploy. Empty when it can do all of it. */
export function unmodelled(config: RkeConfig): string[] {
  const none: [string, string][] = [
    ["network.plugin", config.network.plugin],
    ["ingress.provider", config.ingress.provider],
    ["dns.provider", config.dns.provider],
    ["monitoring.provider", config.monitoring.provider],
  ];
  return none.filter(([, value]) => value !== "none").map(([key, value]) => `${key}: "${value}" (only "none")`);
}

type ClusterFile = z.output<typeof clusterFile>;

function toNode(given: ClusterFile["nodes"][number], sshKeyPath: string): NodeConfig {
  return withoutUndefined({
    address: given.address,
    port: given.port ?? "22",
    internalAddress: given.internal_address || given.address,
    role: given.role as Role[],
    hostnameOverride: (given.hostname_override || given.address).toLowerCase(),
    user: given.user,
    sshKeyPath: given.ssh_key_path ?? sshKeyPath,
    labels: given.labels,
    taints: given.taints,
  });
}

type GivenBase = { extra_args?: Record<string, string>; extra_binds?: string[]; extra_env?: string[] } | undefined;

function baseOf(image: string, given: GivenBase) {
  return withoutUndefined({
    image,
    extraArgs: given?.extra_args,
    extraBinds: given?.extra_binds,
    extraEnv: given?.extra_env,
  });
}

function toServices(
  given: NonNullable<ClusterFile["services"]>,
  images: ReturnType<typeof imagesOf>,
  kubernetesVersion: string,
): RkeConfig["services"] {
  const etcd = given.etcd;
  return {
    etcd: withoutUndefined({
      ...baseOf(images.etcd, etcd),
      extraArgs: { ...ETCD_TIMEOUTS, ...etcd?.extra_args },
      externalUrls: etcd?.external_urls,
      caCert: etcd?.ca_cert,
      cert: etcd?.cert,
      key: etcd?.key,
      path: etcd?.path,
      snapshot: etcd?.snapshot ?? true,
      retention: etcd?.retention ?? "72h",
      creation: etcd?.creation ?? "12h",
    }),
    kubeApi: {
      ...baseOf(images.hyperkube, given["kube-api"]),
      serviceClusterIpRange: given["kube-api"]?.service_cluster_ip_range ?? "10.43.0.0/16",
      serviceNodePortRange: given["kube-api"]?.service_node_port_range ?? "30000-32767",
      ...(securesPods(kubernetesVersion) ? { podSecurityConfiguration: "privileged" as const } : {}),
      auditLog: defaultAuditLog(),
    },
    kubeController: {
      ...baseOf(images.hyperkube, given["kube-controller"]),
      clusterCidr: given["kube-controller"]?.cluster_cidr ?? "10.42.0.0/16",
      serviceClusterIpRange: given["kube-controller"]?.service_cluster_ip_range ?? "10.43.0.0/16",
    },
    scheduler: baseOf(images.hyperkube, given.scheduler),
    kubelet: withoutUndefined({
      ...baseOf(images.hyperkube, given.kubelet),
      clusterDomain: given.kubelet?.cluster_domain ?? "cluster.local",
      infraContainerImage: given.kubelet?.infra_container_image ?? images.pause,
      clusterDnsServer: given.kubelet?.cluster_dns_server ?? "10.43.0.10",
      failSwapOn: given.kubelet?.fail_swap_on || undefined,
    }),
    kubeproxy: baseOf(images.hyperkube, given.kubeproxy),
  };
}

function toConfig(given: ClusterFile, ignoreDockerVersion: boolean): RkeConfig {
  const sshKeyPath = given.ssh_key_path ?? "~/.ssh/id_rsa";
  const kubernetesVersion = given.kubernetes_version ?? defaultKubernetes();
  const images = systemImages(kubernetesVersion);
  return {
    nodes: given.nodes.map((each) => toNode(each, sshKeyPath)),
    services: toServices(given.services ?? {}, imagesOf({ systemImages: images }), kubernetesVersion),
    network: networkDefaults(given.network?.plugin ?? "canal"),
    authentication: withoutUndefined({ strategy: "x509", sans: given.authentication?.sans }),
    systemImages: images,
    sshKeyPath,
    sshAgentAuth: false,
    authorization: { mode: "rbac" },
    // RKE takes this from its flag alone: cluster.yml's ignore_docker_version has no effect.
    ignoreDockerVersion,
    ...(enablesCriDockerd(kubernetesVersion) ? { enableCriDockerd: true } : {}),
    kubernetesVersion,
    ingress: ingressDefaults(given.ingress?.provider ?? "nginx", kubernetesVersion),
    clusterName: given.cluster_name ?? "local",
    cloudProvider: {},
    prefixPath: "/",
    addonJobTimeout: 45,
    bastionHost: {},
    monitoring: monitoringDefaults(given.monitoring?.provider ?? "metrics-server"),
    restore: {},
    rotateEncryptionKey: false,
    dns: dnsDefaults(given.dns?.provider ?? "coredns"),
    upgradeStrategy: {
      maxUnavailableWorker: given.upgrade_strategy?.max_unavailable_worker ?? "10%",
      maxUnavailableControlplane: given.upgrade_strategy?.max_unavailable_controlplane ?? "1",
    },
  };
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}
