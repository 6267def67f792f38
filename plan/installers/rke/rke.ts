import { docker } from "../../runtimes/docker/docker";
import type { Installer } from "../installer";
import { adopt, build, runName, settleHosts } from "./build";
import { certificates } from "./certificates";
import { placeholdersIn } from "./cluster-secrets";
import { clusterYmlText, hostsIn } from "./cluster-yml";
import { architectureHost, etcdCertificate, etcdProcess, initialCluster, memberName, ownEndpoint } from "./etcd";
import { imagesOf, otherImages, systemImagesOf } from "./images";
import { deployedChecksums } from "./kube-api-settings";
import { etcdServers, kubeApiServerProcess } from "./kube-apiserver";
import { joiningProcess, learnerCertificate, learnerDiffers } from "./learner";
import { alternatives, fitWords } from "./releases/alternatives";
import { settleLoss, settleReturn } from "./settle";

/** RKE v1: every process is a container of docker. */
export const rke: Installer = {
  name: "rke",
  runtimeOf: () => docker,
  memberName,
  etcdCertificate: (host) => etcdCertificate(host),
  ownEndpoint,
  initialCluster,
  etcdServers,
  images: imagesOf,
  plannedEtcd: etcdProcess,
  architectureHost,
  joiningEtcd: joiningProcess,
  plannedApiServer: (site, host, before) => kubeApiServerProcess(site, host, deployedChecksums(before?.env ?? [])),
  alternatives,
  fitWords,
  imagesTaken: (settings, state) => otherImages(settings, systemImagesOf(JSON.parse(state)) ?? {}),
  learnerDiffers,
  certificates: (site) => [...certificates(site), ...(site.learner ? [learnerCertificate(site, site.learner)] : [])],
  clusterFile: clusterYmlText,
  hostsIn,
  furtherFiles: (topology) => (placeholdersIn(topology.rke).length > 0 ? ["cluster-secrets"] : []),
  runName,
  settleHosts,
  build,
  adopt,
  settleLoss,
  settleReturn,
};
