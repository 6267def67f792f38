/** Numbers of the users and groups that kubeadm makes; each host has its own, the lowest that are free. */
export interface RootlessIds {
  users: Record<"kubeadm-etcd" | "kubeadm-kas" | "kubeadm-kcm" | "kubeadm-ks", number>;
  groups: Record<"kubeadm-etcd" | "kubeadm-kas" | "kubeadm-kcm" | "kubeadm-ks" | "kubeadm-sa-key-readers", number>;
}

/** kubeadm's own defaults (apis/kubeadm/v1beta4/defaults.go, constants/constants.go). */
export const defaults = {
  clusterName: "kubernetes",
  certificatesDir: "/etc/kubernetes/pki",
  imageRepository: "registry.k8s.io",
  serviceSubnet: "10.96.0.0/12",
  dnsDomain: "cluster.local",
  dataDir: "/var/lib/etcd",
  encryptionAlgorithm: "RSA-2048",
  certificateValidityPeriod: "8760h0m0s",
  caCertificateValidityPeriod: "87600h0m0s",
  bindPort: 6443,
  startupSeconds: 240,
} as const;

/** The folders of CA certificates that kubeadm looks for and that a Debian or Ubuntu host has; a Red Hat host has those below /etc/pki. */
export const debianCaFolders = [
  "/etc/ca-certificates",
  "/usr/local/share/ca-certificates",
  "/usr/share/ca-certificates",
];

/** As recorded on a Debian 12 (golden rootless-ecdsa); another host may have other numbers. */
export const recordedIds: RootlessIds = {
  users: { "kubeadm-etcd": 105, "kubeadm-kas": 106, "kubeadm-kcm": 107, "kubeadm-ks": 108 },
  groups: {
    "kubeadm-etcd": 113,
    "kubeadm-kas": 114,
    "kubeadm-kcm": 115,
    "kubeadm-ks": 116,
    "kubeadm-sa-key-readers": 117,
  },
};
