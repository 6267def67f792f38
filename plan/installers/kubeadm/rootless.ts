import type { ContainerSecurity, Pod } from "../../runtimes/static-pod/pod";
import type { RootlessIds } from "../../topology/kubeadm-defaults";

/** The user and group as which each component runs, by kubeadm's names (util/staticpod/utils_linux.go). */
const runsAs = {
  etcd: { as: "kubeadm-etcd", readsServiceAccountKey: false },
  "kube-apiserver": { as: "kubeadm-kas", readsServiceAccountKey: true },
  "kube-controller-manager": { as: "kubeadm-kcm", readsServiceAccountKey: true },
  "kube-scheduler": { as: "kubeadm-ks", readsServiceAccountKey: false },
} as const;

/** The binary of kube-apiserver has the file capability cap_net_bind_service, so it must be allowed to have it. */
const apiServerSecurity: ContainerSecurity = { capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] } };
const security: ContainerSecurity = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };

/** The same pod without root, as the feature gate RootlessControlPlane has it. kubeadm also gives the files on the host to these users. */
export function rootless(pod: Pod, component: keyof typeof runsAs, ids: RootlessIds): Pod {
  const { as, readsServiceAccountKey } = runsAs[component];
  return {
    ...pod,
    spec: {
      ...pod.spec,
      containers: pod.spec.containers.map((c) => ({
        ...c,
        securityContext: component === "kube-apiserver" ? apiServerSecurity : security,
      })),
      securityContext: {
        ...pod.spec.securityContext,
        runAsUser: ids.users[as],
        runAsGroup: ids.groups[as],
        ...(readsServiceAccountKey ? { supplementalGroups: [ids.groups["kubeadm-sa-key-readers"]] } : {}),
      },
    },
  };
}
