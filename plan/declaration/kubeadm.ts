import { guessedFrom, rulesOf } from "../installers/kubeadm/versions";
import { allHosts, type Host, type Topology } from "../topology/topology";
import { suggestion } from "../values/nearest";

/** True if kubeadm only has the address of an etcd that something else made, and that the topology doesn't say more of. */
export const hasExternalEtcd = ({ kubeadm, etcdUnit }: Pick<Topology, "kubeadm" | "etcdUnit">): boolean =>
  kubeadm?.etcd.external !== undefined && etcdUnit === undefined;

/** Problems of a topology whose installer is kubeadm, each as `item: rule: value`. */
export function kubeadmProblems(topology: Topology): string[] {
  const external = topology.kubeadm?.etcd.external !== undefined;
  const members = allHosts(topology).flatMap((h) => (h.etcd === "none" ? [] : [h.name]));
  return topology.datacenters.flatMap((dc, i) =>
    dc.hosts.flatMap((host, j) => hostProblems(host, `topology.datacenters[${i}].hosts[${j}]`, external, members)),
  );
}

function hostProblems(host: Host, item: string, external: boolean, members: string[]): string[] {
  const isControlPlane = host.roles.includes("controlplane");
  const problems: string[] = [];
  if (!external && isControlPlane !== (host.etcd !== "none")) {
    problems.push(
      `${item}.roles: kubeadm puts etcd on each control plane host and nowhere else (kubeadm.etcd.external is an etcd of its own): ${JSON.stringify(host.roles)}`,
    );
  }
  if (host.kubeadm !== undefined && !isControlPlane) {
    problems.push(
      `${item}.kubeadm: only control plane hosts have settings of kubeadm: ${JSON.stringify(Object.keys(host.kubeadm))}`,
    );
  }
  const others = members.filter((name) => name !== host.name);
  return [
    ...problems,
    ...(host.kubeadm?.joined ?? [])
      .filter((name) => !others.includes(name))
      .map(
        (name) =>
          `${item}.kubeadm.joined: is not another member of etcd (${suggestion(name, others)}): ${JSON.stringify(name)}`,
      ),
  ];
}

/** Things that work and deserve a second look. */
export function kubeadmWarnings(topology: Topology): string[] {
  const { kubeadm, kubernetesVersion } = topology;
  if (!kubeadm) {
    return [];
  }
  const guess = guessedFrom(kubernetesVersion);
  const patched = allHosts(topology).filter((h) => h.kubeadm?.patches !== undefined);
  const local = kubeadm.etcd.local;
  return [
    ...(kubeadm.controlPlaneEndpoint === undefined
      ? [
          "kubeadm.controlPlaneEndpoint isn't declared: workers and kubeconfigs name one host's address, and nothing can be moved when that host is lost",
        ]
      : []),
    ...(local && !local.imageTag && guess !== undefined
      ? [
          `kubeadm.etcd.local.imageTag isn't declared: ${rulesOf(kubernetesVersion).etcdTag} is what kubeadm ${guess} takes, ${kubernetesVersion} may take another; \`crictl images\` on a control plane host tells`,
        ]
      : []),
    ...(kubeadm.featureGates.RootlessControlPlane === true
      ? [
          "featureGates.RootlessControlPlane: each host has its own numbers of users (hosts[].kubeadm.ids); where none are declared, those of a fresh Debian 12 are rendered",
        ]
      : []),
    ...(patched.length > 0
      ? [
          `patches: ${patched.map((h) => `${h.name} (${h.kubeadm?.patches})`).join(", ")} change their own manifests; the files are on the hosts, and manifests are rendered without them`,
        ]
      : []),
  ];
}
