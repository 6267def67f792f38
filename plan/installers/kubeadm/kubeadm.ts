import { staticPod } from "../../runtimes/static-pod/static-pod";
import type { Installer } from "../installer";
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

/**
 * kubeadm: etcd and the control plane are static pods of the kubelet. kubeadm keeps no file that lists hosts: the ConfigMap kubeadm-config names none, and
 * etcd's endpoints come from the mirror pods of Nodes (util/etcd/etcd.go). So lost Nodes that are deleted are all that it must hear of, and no act
 * runs kubeadm to recover.
 */
export const kubeadm: Installer = {
  name: "kubeadm",
  runtimeOn: () => staticPod,
  memberName,
  // etcd's peer certificate serves clients, too: kubeadm gives it both usages
  etcdCertificate: () => "etcd/peer",
  certificateFile: (certificate) => `/etc/kubernetes/pki/${certificate}.crt`,
  dataInside: "/var/lib/etcd",
  ownEndpoint,
  initialCluster,
  etcdServers,
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
  repairsMembers: false,
  watchingNamespaces: ["kube-system"],
  runName: () => undefined,
  build: () => [],
  adopt: () => [],
  settleLoss: () => [],
  settleReturn: () => [],
};
