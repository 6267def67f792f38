/** kubeadm's configuration files as the lab writes them: JSON, which is YAML, a document after the other. */
import { hostsOf, isControlPlane, type LabHost, type LabTopology } from "../state/topology";

/** The settings that `kubeadm init` and each join agree on. */
export interface JoinSecrets {
  /** Six and sixteen letters or digits, joined by a dot. */
  token: string;
  /** 32 bytes in hex: encrypts the certificates that a control plane host gets from the cluster. */
  certificateKey: string;
}

const API = "kubeadm.k8s.io/v1beta4";
const SOCKET = "unix:///run/containerd/containerd.sock";
export const API_PORT = 6443;

/** The address by which the cluster's hosts know each other. */
export const addressOf = ({ address, internalAddress }: LabHost): string => internalAddress ?? address;

/** Control plane hosts in the topology's order: the first is made by `kubeadm init`, the others join. */
export const controlPlaneOf = (topology: LabTopology): LabHost[] => hostsOf(topology).filter(isControlPlane);

/** The host of controlPlaneEndpoint, and HOST:PORT; undefined if the topology has none. */
export function endpointOf({ kubeadm }: LabTopology): { name: string; hostPort: string } | undefined {
  const endpoint = kubeadm?.controlPlaneEndpoint;
  if (typeof endpoint !== "string" || endpoint === "") return undefined;
  const name = endpoint.replace(/:\d+$/, "");
  return { name, hostPort: endpoint === name ? `${name}:${API_PORT}` : endpoint };
}

export function clusterConfiguration(topology: LabTopology) {
  const { clusterName = topology.cluster ?? "kubernetes", ...rest } = topology.kubeadm ?? {};
  return {
    apiVersion: API,
    kind: "ClusterConfiguration",
    kubernetesVersion: topology.kubernetesVersion,
    clusterName,
    ...rest,
  };
}

/** @throws nothing: kubeadm itself refuses a topology's `kubeadm` that it can't read */
export const initConfiguration = (topology: LabTopology, host: LabHost, secrets: JoinSecrets): string =>
  documents(
    {
      apiVersion: API,
      kind: "InitConfiguration",
      localAPIEndpoint: { advertiseAddress: addressOf(host), bindPort: API_PORT },
      nodeRegistration: nodeRegistration(host),
      bootstrapTokens: [
        {
          token: secrets.token,
          ttl: "2h0m0s",
          groups: ["system:bootstrappers:kubeadm:default-node-token"],
          usages: ["signing", "authentication"],
        },
      ],
      certificateKey: secrets.certificateKey,
      // kube-proxy and CoreDNS; kubeadm writes into its ConfigMap that they are off, so that joins skip them, too
      skipPhases: ["addon"],
      timeouts,
    },
    clusterConfiguration(topology),
    kubeletConfiguration,
  );

/** @param caHash sha256 of the public key of the cluster's CA, in hex */
export function joinConfiguration(topology: LabTopology, host: LabHost, secrets: JoinSecrets, caHash: string): string {
  const [first] = controlPlaneOf(topology);
  const server = endpointOf(topology)?.hostPort ?? (first ? `${addressOf(first)}:${API_PORT}` : "");
  return documents({
    apiVersion: API,
    kind: "JoinConfiguration",
    discovery: {
      bootstrapToken: { apiServerEndpoint: server, token: secrets.token, caCertHashes: [`sha256:${caHash}`] },
    },
    nodeRegistration: nodeRegistration(host),
    // the kubelet's file, which the cluster hands out, names it there
    ...(topology.kubeadm?.certificatesDir === undefined
      ? {}
      : { caCertPath: `${topology.kubeadm.certificatesDir}/ca.crt` }),
    ...(isControlPlane(host)
      ? {
          controlPlane: {
            localAPIEndpoint: { advertiseAddress: addressOf(host), bindPort: API_PORT },
            certificateKey: secrets.certificateKey,
          },
        }
      : {}),
    timeouts,
  });
}

/** The time for a control plane component is kubeadm's own: it stands in the startup probes of the manifests. */
const timeouts = {
  kubeletHealthCheck: "4m0s",
  kubernetesAPICall: "3m0s",
  etcdAPICall: "4m0s",
  tlsBootstrap: "5m0s",
  discovery: "5m0s",
};

const nodeRegistration = (host: LabHost) => ({
  name: host.name,
  criSocket: SOCKET,
  // an image that isn't there would be asked for five times, at a registry that no host reaches
  imagePullPolicy: "Never",
  ignorePreflightErrors: ["SystemVerification", "NumCPU", "Mem"],
  // a control plane host that is a worker, too, takes pods
  ...(isControlPlane(host) && host.roles?.includes("worker") ? { taints: [] } : {}),
  // no host has a default route, by which the kubelet would find its address
  kubeletExtraArgs: [{ name: "node-ip", value: addressOf(host) }],
});

const kubeletConfiguration = {
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  kind: "KubeletConfiguration",
  cgroupDriver: "cgroupfs",
  failCgroupV1: false,
  // How full the machine's disk is must not decide about images and pods of a lab.
  imageGCHighThresholdPercent: 100,
  evictionHard: {
    "imagefs.available": "0%",
    "memory.available": "0%",
    "nodefs.available": "0%",
    "nodefs.inodesFree": "0%",
  },
};

const documents = (...all: object[]): string => `${all.map((one) => JSON.stringify(one, null, 2)).join("\n---\n")}\n`;
