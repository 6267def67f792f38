import type { EnvVar } from "../../runtimes/static-pod/pod";
import type { RootlessIds } from "../../topology/kubeadm-defaults";

/** An argument of a component; the same name may stand there more than once, and each is passed on. */
export interface Argument {
  name: string;
  value: string;
  /** From kubeadm 1.37 on: joined to the value that kubeadm itself would give, instead of replacing it. */
  mergeMethod?: "append" | "prepend";
}

export interface HostPathMount {
  name: string;
  hostPath: string;
  mountPath: string;
  readOnly: boolean;
  /** Kubernetes' HostPathType; "" checks nothing. */
  pathType: string;
}

export interface Component {
  extraArgs: Argument[];
  extraEnvs: EnvVar[];
  extraVolumes: HostPathMount[];
}

export interface LocalEtcd {
  dataDir: string;
  imageRepository?: string;
  imageTag?: string;
  extraArgs: Argument[];
  extraEnvs: EnvVar[];
  serverCertSANs: string[];
  peerCertSANs: string[];
}

export interface ExternalEtcd {
  endpoints: string[];
  caFile: string;
  certFile: string;
  keyFile: string;
}

/** Where etcd runs: a static pod on each control plane host, or somewhere that kubeadm has no hand in. */
export type Etcd = { local: LocalEtcd; external?: undefined } | { local?: undefined; external: ExternalEtcd };

/** What one cluster's hosts have in common: kubeadm's ClusterConfiguration (v1beta4) with its defaults filled in. */
export interface ClusterConfiguration {
  kubernetesVersion: string;
  clusterName: string;
  /** HOST or HOST:PORT; undefined where every client asks the host that it knows. */
  controlPlaneEndpoint?: string;
  certificatesDir: string;
  imageRepository: string;
  networking: { serviceSubnet: string; podSubnet?: string; dnsDomain: string };
  etcd: Etcd;
  apiServer: Component & { certSANs: string[] };
  controllerManager: Component;
  scheduler: Component;
  featureGates: Record<string, boolean>;
  encryptionAlgorithm: EncryptionAlgorithm;
  /** Go's durations, "8760h0m0s". */
  certificateValidityPeriod: string;
  caCertificateValidityPeriod: string;
  /** What kubeadm's own environment had of `*_proxy`: it passes it on to all but etcd. */
  proxyEnvs: EnvVar[];
}

export type EncryptionAlgorithm = "RSA-2048" | "RSA-3072" | "RSA-4096" | "ECDSA-P256" | "ECDSA-P384";

/** What is one control plane host's own: of its InitConfiguration or JoinConfiguration, and of the host itself. */
export interface KubeadmHost {
  /** nodeRegistration.name: the Node's name, and etcd's member's. */
  name: string;
  advertiseAddress: string;
  bindPort: number;
  /** timeouts.controlPlaneComponentHealthCheck, in seconds: a startup probe waits so long. */
  startupSeconds: number;
  /** Folders with CA certificates beside /etc/ssl/certs that kubeadm found on the host and mounts. */
  caFolders: string[];
  /** Whom RootlessControlPlane runs the components as. */
  ids: RootlessIds;
}

/** The last argument of that name, which is the one that kubeadm asks for; undefined where there is none. */
export const lastNamed = (args: Argument[], name: string): Argument | undefined =>
  args.filter((a) => a.name === name).at(-1);

export const argumentValue = (args: Argument[], name: string): string | undefined => lastNamed(args, name)?.value;

/** HOST:PORT as Go's net.JoinHostPort writes it: an IPv6 address in brackets. */
export const hostPort = (host: string, port: number): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** A path as Go's filepath.Join writes it, for paths without dots. */
export const joined = (...parts: string[]): string =>
  parts
    .join("/")
    .replace(/\/+/g, "/")
    .replace(/(.)\/$/, "$1");

/** This host alone, in its own address family. */
export const loopback = (host: KubeadmHost): string => (host.advertiseAddress.includes(":") ? "::1" : "127.0.0.1");

export const clientUrl = (address: string): string => `https://${hostPort(address, 2379)}`;
export const peerUrl = (address: string): string => `https://${hostPort(address, 2380)}`;
