/** Labs of clusters as kubespray and KubeKey make them: etcd as a unit of systemd, a control plane by kubeadm that asks every etcd. */
import { join } from "node:path";
import { prepareKubeadm } from "../build/kubeadm-toolchain";
import { KUBERNETES_VERSION } from "../build/programs";
import { ETCD36, etcdOnHost } from "../build/unit-toolchain";
import { onHost } from "../hosts/host";
import { copyContainerd } from "../hosts/images";
import { missingHere, runcWithin } from "../machine/capabilities";
import { findProgram } from "../machine/packages";
import { all, LabError, must } from "../machine/run";
import type { Place } from "../state/place";
import { hasEtcd, hostsOf, type LabHost, type LabTopology } from "../state/topology";
import { makeEtcd } from "./etcd-cluster";
import { clientUrls, externalFiles, type UnitInstaller } from "./etcd-files";
import type { InstallerDoor } from "./installer";
import { kubeletRoom } from "./kubeadm";
import { makeCluster } from "./kubeadm-cluster";
import { addressOf, clusterConfiguration, controlPlaneOf } from "./kubeadm-configuration";
import { hostTexts } from "./kubeadm-files";
import * as unitFiles from "./unit-files";

/** The topology as kubeadm is given it: with etcd's hosts, and the files of the first control plane host, where they bear its name. */
export function withExternalEtcd(installer: UnitInstaller, topology: LabTopology): LabTopology {
  const [first] = controlPlaneOf(topology);
  const files = Object.entries(externalFiles(installer, topology)).map(
    ([key, path]) => [key, path.replaceAll("{host}", first?.name ?? "")] as const,
  );
  const external = { endpoints: clientUrls(topology), ...Object.fromEntries(files) };
  return { ...topology, kubeadm: { ...topology.kubeadm, etcd: { external } } };
}

/**
 * A control plane host that has joined was given the first one's files, which the ConfigMap names; where they bear a host's name, its
 * kube-apiserver gets its own.
 */
async function ownFiles(place: Place, installer: UnitInstaller, topology: LabTopology): Promise<void> {
  const [first, ...others] = controlPlaneOf(topology);
  if (!first || !externalFiles(installer, topology).certFile.includes("{host}")) return;
  const changes = Object.values(externalFiles(installer, topology)).filter((path) => path.includes("{host}"));
  await all(
    others.map((host) => {
      const sed = changes.map((path) => {
        const of = ({ name }: LabHost) => path.replaceAll("{host}", name);
        return `s#=${of(first)}$#=${of(host)}#`;
      });
      const script = `systemctl stop kubelet
        sed -i "$1" /etc/kubernetes/manifests/kube-apiserver.yaml
        # else the old kube-apiserver answers below and holds the port, and the new one waits in the kubelet's back-off
        crictl ps -q --name '^kube-apiserver$' | xargs -r crictl stop --timeout 5 >/dev/null
        systemctl start kubelet
        until curl -skf -o /dev/null --max-time 2 "https://$2:6443/readyz"; do sleep 0.5; done`;
      const argv = ["timeout", "120", "bash", "-ec", script, "bash", sed.join("; "), addressOf(host)];
      return must(onHost(place, host.name, argv), { timeoutSeconds: 130 });
    }),
  );
}

const door = (installer: "kubespray" | "kubekey"): InstallerDoor => ({
  room: kubeletRoom,

  async prepare(place, topology, { etcd = ETCD36 }) {
    const problems = topologyProblems(topology);
    if (problems.length > 0) throw new LabError(problems.join("\n"));
    const whole = withExternalEtcd(installer, topology);
    const toolchain = await prepareKubeadm(place.cache, JSON.stringify(clusterConfiguration(whole)));
    const etcdPrograms = await etcdOnHost(place.cache, etcd);
    const programs = Object.fromEntries(
      Object.entries(toolchain.programs).map(([name, path]) => [`/usr/local/bin/${name}`, path]),
    );
    const runc = runcWithin(missingHere(), findProgram("runc") ?? "/usr/sbin/runc");
    return {
      record: { etcd, kubectl: toolchain.kubectl },
      installed: async (_dc, host) => {
        const own = hasEtcd(host) ? etcdPrograms : {};
        // an etcd on a host of its own has no kubelet
        return isNode(host)
          ? {
              programs: { ...programs, ...own },
              scripts: { ...(runc ? { "/usr/local/sbin/runc": runc } : {}) },
              texts: hostTexts(whole, host, toolchain.pauseImage),
              copyImages: (folder) => copyContainerd(toolchain.containerdRoot, join(folder, "containerd")),
            }
          : { programs: own, scripts: {}, texts: unitFiles.hostTexts(whole, host), copyImages: async () => {} };
      },
    };
  },

  lines: (state) => [
    `as ${installer} makes it: etcd ${state.etcd} as a unit of systemd; kubeadm, kubelet and control plane ${KUBERNETES_VERSION}: the real ones, without ${installer} itself`,
    "pod network: Debian's bridge plugin, for each host alone; kube-proxy and CoreDNS are left out; the pause image is the lab's STAND-IN",
  ],

  async makeCluster(place, state) {
    const whole = withExternalEtcd(installer, state.topology);
    await makeEtcd(place, state.topology, installer);
    await makeCluster(place, { ...state, topology: { ...whole, datacenters: nodesOf(whole) } });
    await ownFiles(place, installer, state.topology);
  },

  standIns: () => [installer, "pause image", "pod network between hosts"],
});

const isNode = ({ roles = [] }: { roles?: string[] | undefined }): boolean =>
  roles.includes("controlplane") || roles.includes("worker");

/** The datacenters without hosts that etcd has to itself. */
const nodesOf = ({ datacenters }: LabTopology): LabTopology["datacenters"] =>
  datacenters.map((dc) => ({ ...dc, hosts: dc.hosts.filter(isNode) }));

export const kubespray = door("kubespray");
export const kubekey = door("kubekey");

/** Names the parts of a topology that this lab can't make, though the topology is right for the program. */
export function topologyProblems(topology: LabTopology): string[] {
  return [
    ...(topology.kubernetesVersion === KUBERNETES_VERSION
      ? []
      : [
          `topology.kubernetesVersion: must be ${KUBERNETES_VERSION}, which the lab builds, is ${topology.kubernetesVersion ?? "missing"}`,
        ]),
    ...(controlPlaneOf(topology).length > 0
      ? []
      : [`topology: must have a host with the role controlplane, has ${hostsOf(topology).length} hosts without it`]),
    ...(hostsOf(topology).some(hasEtcd) ? [] : ["topology: must have a host with the role etcd, has none"]),
  ];
}
