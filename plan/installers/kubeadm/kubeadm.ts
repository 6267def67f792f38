import { staticPod } from "../../runtimes/static-pod/static-pod";
import type { Site } from "../../topology/site";
import type { Host, Topology } from "../../topology/topology";
import { endpointHost } from "../../values/addresses";
import type { Installer } from "../installer";
import { certificates } from "./certificates";
import {
  asksOwnEtcd,
  etcdImage,
  etcdServers,
  initialCluster,
  joiningEtcd,
  memberName,
  ownEndpoint,
  plannedApiServer,
  plannedEtcd,
  recoveredEtcd,
} from "./processes";
import { controlPlaneBack, nodeLabels, welcome } from "./settle";
import { clusterOf, kubeadmHost } from "./site";

/**
 * kubeadm: etcd and the control plane are static pods of the kubelet. kubeadm keeps no file that lists hosts: the ConfigMap kubeadm-config names none, and
 * etcd's endpoints come from the mirror pods of Nodes (util/etcd/etcd.go). So lost Nodes that are deleted are all that it must hear of, and no act
 * runs kubeadm, neither to recover nor to bring hosts back (docs/decisions/33).
 */
export const kubeadm: Installer = {
  name: "kubeadm",
  title: "kubeadm",
  joinsSurvivors: true,
  listsMembers: false,
  runtimeOn: () => staticPod,
  memberName,
  // etcd's peer certificate serves clients, too: kubeadm gives it both usages
  etcdCertificate: () => "etcd/peer",
  certificateFile: (certificate) => `/etc/kubernetes/pki/${certificate}.crt`,
  lastingCertificates: ["ca", "etcd/ca", "apiserver-kubelet-client"],
  neededCertificates,
  dataInside: "/var/lib/etcd",
  ownEndpoint,
  etcdctl: (command) => `crictl exec $(crictl ps -q --name '^etcd$') etcdctl ${clientFlags} ${command}`,
  initialCluster,
  etcdServers,
  sharedEndpoint,
  asksOwnEtcd,
  images: (settings) => ({ etcd: etcdImage({ ...settings, cluster: "" }), tools: undefined }),
  plannedEtcd,
  architectureHost: (_site, host) => host,
  recoveredEtcd,
  joiningEtcd,
  joinedEtcd: joiningEtcd,
  plannedApiServer,
  releases: undefined,
  // kubeadm has no members without a vote
  learnerDiffers: () => () => [],
  // kubeadm made them, and no act makes one
  certificates: () => [],
  clusterFile: () => "",
  hostsIn: () => [],
  deployFiles: () => ({ prepared: ["ssh/id_ed25519", "ssh/known_hosts"], needed: ["ssh/id_ed25519"] }),
  program: undefined,
  watchingNamespaces: ["kube-system"],
  runName: () => undefined,
  settleHosts: () => [],
  build: () => [],
  adopt: () => [],
  settleLoss: () => [],
  welcome,
  controlPlaneBack,
  settleReturn: () => [],
  isNode: () => true,
  nodeLabels,
};

/** Without a port in it kubeadm takes the bindPort of the host of `kubeadm init`; an import writes it down, so 6443 is left (util/endpoint.go GetControlPlaneEndpoint). */
export function sharedEndpoint({
  kubeadm: cluster,
}: Pick<Topology, "kubeadm">): { name: string; port: number } | undefined {
  const endpoint = cluster?.controlPlaneEndpoint;
  const name = endpointHost(endpoint ?? "");
  return endpoint === undefined || name === ""
    ? undefined
    : { name, port: Number(/(?:^[^:]*|\]):(\d+)$/.exec(endpoint)?.[1] ?? 6443) };
}

const clientFlags = ["cacert=ca.crt", "cert=peer.crt", "key=peer.key"]
  .map((flag) => `--${flag.replace("=", "=/etc/kubernetes/pki/etcd/")}`)
  .join(" ");

/** etcd's and the API's leaves name their own host alone: a copied one is another host's. */
function neededCertificates(site: Site, host: Host): { file: string; names: string[] }[] {
  const used = ["apiserver", "etcd-server", "etcd-peer"];
  return host.roles.includes("controlplane")
    ? certificates(clusterOf(site), kubeadmHost(host))
        .filter(({ name }) => used.includes(name))
        .map(({ path, dnsNames, ipAddresses }) => ({
          file: path,
          names: [...dnsNames, ...ipAddresses.filter((ip) => ip !== "::1")],
        }))
    : [];
}
