/** The configuration as cluster.rkestate holds it (`rkeConfig`), restricted to what the stand-in models. */
export interface Taint {
  key: string;
  value?: string;
  effect: string;
}

export type Role = "etcd" | "controlplane" | "worker";

export interface NodeConfig {
  address: string;
  port: string;
  internalAddress: string;
  role: Role[];
  hostnameOverride: string;
  user: string;
  sshKeyPath: string;
  labels?: Record<string, string>;
  taints?: Taint[];
}

export interface BaseService {
  image: string;
  extraArgs?: Record<string, string>;
  extraBinds?: string[];
  extraEnv?: string[];
}

export interface EtcdService extends BaseService {
  extraArgs: Record<string, string>;
  externalUrls?: string[];
  caCert?: string;
  cert?: string;
  key?: string;
  path?: string;
  snapshot: boolean;
  retention: string;
  creation: string;
}

export interface KubeApiService extends BaseService {
  serviceClusterIpRange: string;
  serviceNodePortRange: string;
  podSecurityConfiguration?: "privileged";
  auditLog: { enabled: boolean; configuration: AuditLogConfiguration };
}

export interface AuditLogConfiguration {
  maxAge: number;
  maxBackup: number;
  maxSize: number;
  path: string;
  format: string;
  policy: unknown;
}

export interface RkeServices {
  etcd: EtcdService;
  kubeApi: KubeApiService;
  kubeController: BaseService & { clusterCidr: string; serviceClusterIpRange: string };
  scheduler: BaseService;
  kubelet: BaseService & {
    clusterDomain: string;
    infraContainerImage: string;
    clusterDnsServer: string;
    failSwapOn?: boolean;
  };
  kubeproxy: BaseService;
}

export interface RkeConfig {
  nodes: NodeConfig[];
  services: RkeServices;
  network: { plugin: string } & Record<string, unknown>;
  authentication: { strategy: string; sans?: string[] };
  systemImages: Record<string, string>;
  sshKeyPath: string;
  sshAgentAuth: boolean;
  authorization: { mode: string };
  ignoreDockerVersion: boolean;
  kubernetesVersion: string;
  ingress: { provider: string } & Record<string, unknown>;
  clusterName: string;
  monitoring: { provider: string } & Record<string, unknown>;
  dns: { provider: string } & Record<string, unknown>;
  upgradeStrategy: {
    maxUnavailableWorker: string;
    maxUnavailableControlplane: string;
    nodeDrainInput?: unknown;
  };
  [key: string]: unknown;
}
