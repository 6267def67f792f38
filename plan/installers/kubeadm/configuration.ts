import type { EnvVar } from "../../runtimes/static-pod/pod";
import type { RootlessIds } from "../../topology/kubeadm-defaults";
import { cleanPath } from "../../values/clean-path";

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

/** etcd is either `local`, a static pod on each control plane host, or `external`, a cluster that kubeadm doesn't manage. */
export type Etcd = { local: LocalEtcd; external?: undefined } | { local?: undefined; external: ExternalEtcd };

/** The settings that all hosts of a cluster share: kubeadm's ClusterConfiguration (v1beta4) with its defaults filled in. */
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
  /** The `*_proxy` variables in kubeadm's own environment: kubeadm passes them on to every component but etcd. */
  proxyEnvs: EnvVar[];
}

export type EncryptionAlgorithm = "RSA-2048" | "RSA-3072" | "RSA-4096" | "ECDSA-P256" | "ECDSA-P384";

/** The settings of one control plane host: from its InitConfiguration or JoinConfiguration, and facts of the host itself. */
export interface KubeadmHost {
  /** nodeRegistration.name: the Node's name, and etcd's member's. */
  name: string;
  advertiseAddress: string;
  bindPort: number;
  /** timeouts.controlPlaneComponentHealthCheck, in seconds: a startup probe waits so long. */
  startupSeconds: number;
  /** Folders with CA certificates beside /etc/ssl/certs that kubeadm found on the host and mounts. */
  caFolders: string[];
  /** The users and groups as which the components run under the feature gate RootlessControlPlane. */
  ids: RootlessIds;
}

/** The last argument of that name, because kubeadm takes the last one; undefined if there is none. */
export const lastNamed = (args: Argument[], name: string): Argument | undefined =>
  args.filter((a) => a.name === name).at(-1);

export const argumentValue = (args: Argument[], name: string): string | undefined => lastNamed(args, name)?.value;

/** HOST:PORT as Go's net.JoinHostPort writes it: an IPv6 address in brackets. */
export const hostPort = (host: string, port: number): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** An absolute path as Go's filepath.Join writes it. */
export const joined = (...parts: string[]): string => cleanPath(`/${parts.join("/")}`);

/** This host alone, in its own address family. */
export const loopback = (host: KubeadmHost): string => (host.advertiseAddress.includes(":") ? "::1" : "127.0.0.1");

export const clientUrl = (address: string): string => `https://${hostPort(address, 2379)}`;
export const peerUrl = (address: string): string => `https://${hostPort(address, 2380)}`;
