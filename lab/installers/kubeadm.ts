/** Labs of kubeadm's clusters: hosts with systemd, containerd and the kubelet, made into a cluster by kubeadm itself. */
import { join } from "node:path";
import { prepareKubeadm } from "../build/kubeadm-toolchain";
import { ETCD_TAG, KUBERNETES_VERSION } from "../build/programs";
import { copyContainerd } from "../hosts/images";
import { missingHere, runcWithin } from "../machine/capabilities";
import { inotifyProblem, instancesOf } from "../machine/inotify";
import { findProgram } from "../machine/packages";
import { LabError } from "../machine/run";
import { hostsOf, type LabTopology } from "../state/topology";
import type { InstallerDoor } from "./installer";
import { makeCluster } from "./kubeadm-cluster";
import { clusterConfiguration, controlPlaneOf } from "./kubeadm-configuration";
import { hostTexts } from "./kubeadm-files";

/** Hosts with systemd and a kubelet take from a limit of the machine's. */
export const kubeletRoom = (topology: LabTopology): string | undefined =>
  inotifyProblem(instancesOf(hostsOf(topology).length, controlPlaneOf(topology).length));

export const kubeadm: InstallerDoor = {
  room: kubeletRoom,

  async prepare(place, topology, chosen) {
    const problems = topologyProblems(topology, chosen.etcd);
    if (problems.length > 0) throw new LabError(problems.join("\n"));
    const toolchain = await prepareKubeadm(place.cache, JSON.stringify(clusterConfiguration(topology)));
    const programs = Object.fromEntries(
      Object.entries(toolchain.programs).map(([name, path]) => [`/usr/local/bin/${name}`, path]),
    );
    const runc = runcWithin(missingHere(), findProgram("runc") ?? "/usr/sbin/runc");
    return {
      record: { etcd: "3.6", kubectl: toolchain.kubectl },
      installed: async (_dc, host) => ({
        programs,
        scripts: { ...(runc ? { "/usr/local/sbin/runc": runc } : {}) },
        texts: hostTexts(topology, host, toolchain.pauseImage),
        copyImages: (folder) => copyContainerd(toolchain.containerdRoot, join(folder, "containerd")),
      }),
    };
  },

  lines: () => [
    `kubeadm, kubelet and control plane ${KUBERNETES_VERSION}, etcd ${ETCD_TAG}, systemd and containerd: the real ones`,
    "pod network: Debian's bridge plugin, for each host alone; kube-proxy and CoreDNS are left out; the pause image is the lab's STAND-IN",
  ],

  makeCluster,

  standIns: () => ["pause image", "pod network between hosts"],
};

/** Names the parts of a topology that this lab can't make, though the topology is right for the program. */
export function topologyProblems(topology: LabTopology, etcd?: string): string[] {
  const local = (topology.kubeadm?.etcd as { local?: { imageTag?: string } } | undefined)?.local;
  const problems: string[] = [];
  if (etcd !== undefined)
    problems.push(`--etcd: must be left out for a kubeadm cluster, whose etcd is ${ETCD_TAG}, is ${etcd}`);
  if (topology.kubernetesVersion !== KUBERNETES_VERSION)
    problems.push(
      `topology.kubernetesVersion: must be ${KUBERNETES_VERSION}, which the lab builds, is ${topology.kubernetesVersion ?? "missing"}`,
    );
  if (local?.imageTag !== ETCD_TAG)
    problems.push(
      `topology.kubeadm.etcd.local.imageTag: must be ${ETCD_TAG}, which the lab builds, is ${local?.imageTag ?? "missing"}`,
    );
  if (controlPlaneOf(topology).length === 0)
    problems.push(
      `topology: must have a host with the role controlplane, has ${hostsOf(topology).length} hosts without it`,
    );
  return problems;
}
