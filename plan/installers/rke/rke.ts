import { docker } from "../../runtimes/docker/docker";
import type { Topology } from "../../topology/topology";
import type { Installer } from "../installer";
import { adopt, build, runName, settleHosts } from "./build";
import { certificates, neededCertificates } from "./certificates";
import { placeholdersIn } from "./cluster-secrets";
import { clusterYmlText, hostsIn } from "./cluster-yml";
import {
  architectureHost,
  etcdCertificate,
  etcdProcess,
  initialCluster,
  memberName,
  ownEndpoint,
  recoveredProcess,
} from "./etcd";
import { imagesOf, otherImages, systemImagesOf } from "./images";
import { deployedChecksums } from "./kube-api-settings";
import { etcdServers, kubeApiServerProcess } from "./kube-apiserver";
import { certificatesBesideRke, joiningProcess, learnerDiffers } from "./learner";
import { alternatives, fitWords } from "./releases/alternatives";
import { settleLoss, settleReturn } from "./settle";

function deployFiles(topology: Topology): { prepared: string[]; needed: string[] } {
  const secrets = placeholdersIn(topology.rke).length > 0 ? ["cluster-secrets"] : [];
  const certificates = ["certs/kube-ca.pem", "certs/kube-admin.pem", "certs/kube-admin-key.pem"];
  return {
    prepared: ["cluster.yml", "certs/kube-admin.pem", "ssh/id_ed25519", "ssh/known_hosts", ...secrets],
    needed: ["cluster.rkestate", ...certificates, "ssh/id_ed25519", ...secrets],
  };
}

/** RKE v1: every process is a container of docker. */
export const rke: Installer = {
  name: "rke",
  title: "RKE",
  joinsSurvivors: true,
  listsMembers: true,
  runtimeOn: () => docker,
  memberName,
  etcdCertificate: (host) => etcdCertificate(host),
  certificateFile: (certificate) => `/etc/kubernetes/ssl/${certificate}.pem`,
  lastingCertificates: ["kube-ca", "kube-node", "kube-controller-manager", "kube-scheduler"],
  neededCertificates,
  dataInside: "/var/lib/rancher/etcd",
  ownEndpoint,
  etcdctl: (command) => `docker exec etcd etcdctl ${command}`,
  initialCluster,
  etcdServers,
  // nginx-proxy on each worker knows all servers
  sharedEndpoint: () => undefined,
  asksOwnEtcd: () => false,
  images: imagesOf,
  plannedEtcd: etcdProcess,
  architectureHost,
  recoveredEtcd: recoveredProcess,
  joiningEtcd: joiningProcess,
  joinedEtcd: etcdProcess,
  plannedApiServer: (site, host, before) => kubeApiServerProcess(site, host, deployedChecksums(before?.env ?? [])),
  releases: {
    alternatives,
    fitWords,
    imagesTaken: (settings, state) => otherImages(settings, systemImagesOf(JSON.parse(state)) ?? {}),
  },
  learnerDiffers,
  certificates: (site) => [...certificates(site), ...certificatesBesideRke(site)],
  clusterFile: clusterYmlText,
  hostsIn,
  deployFiles,
  program: "rke",
  // its own pods and Rancher's: DNS, CNI, metrics, ingress, Rancher's agents
  watchingNamespaces: ["kube-system", "ingress-nginx", "cattle-system"],
  runName,
  settleHosts: (act, claim, changed) => [settleHosts(act, claim, changed)],
  build: (act, changed) => [build(act, changed)],
  adopt,
  settleLoss,
  welcome: () => [],
  controlPlaneBack: () => [],
  settleReturn,
  isNode: () => true,
  nodeLabels: (host) => ({ zone: host.datacenter, roles: host.roles }),
};
