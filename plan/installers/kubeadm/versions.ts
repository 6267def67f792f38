/** The differences between the manifests that kubeadm's releases write. */
export interface Rules {
  /** The minor version of Kubernetes that these rules belong to, 36 of v1.36.3. */
  minor: number;
  /** etcd's image tag if the configuration names none, as in the patch release that was read. */
  etcdTag: string;
  /** 1.36: extraArgs follow kubeadm's own in their own order; before, all are sorted together. */
  extraArgsLast: boolean;
  /** 1.37: an argument of extraArgs may be joined to kubeadm's own (mergeMethod). */
  mergesArguments: boolean;
  /** 1.34: probes name a port that the container declares; before, they give its number. */
  namedProbePorts: boolean;
  /** 1.34: no `creationTimestamp: null`, which Go wrote for a time that isn't set (k8s.io/apimachinery). */
  omitsCreationTimestamp: boolean;
  /** 1.31: etcd is asked /livez and /readyz; before, /health. */
  etcdLivez: boolean;
  /** 1.32: the scheduler is asked /livez and /readyz; before, /healthz alone. */
  schedulerLivez: boolean;
  /** Until 1.35 kube-controller-manager has a folder for flexvolume plugins mounted. */
  flexVolumes: boolean;
  /** 1.34: etcd 3.6's own flags, if the image is that new; 1.36: always. */
  etcdFeatureGates: "never" | "by image" | "always";
  /** 1.30: authorization-config in extraArgs takes the place of authorization-mode. */
  structuredAuthorization: boolean;
  /** Before 1.31 /etc/pki as a whole is mounted if the host has it. */
  caFolders: string[];
  /** O of apiserver-kubelet-client's certificate: none from 1.36 on. */
  kubeletClientOrganization: string[];
  /** O of etcd's two client certificates: none from 1.29 on. */
  etcdClientOrganization: string[];
}

/**
 * etcd's tag by kubeadm's minor version (constants.go SupportedEtcdVersion), as the release beside it has it. A later patch
 * release may take a newer etcd: `etcd.local.imageTag` says it for certain.
 */
const etcdTags: Record<number, { read: string; tag: string }> = {
  28: { read: "v1.28.0", tag: "3.5.9-0" },
  29: { read: "v1.29.0", tag: "3.5.10-0" },
  30: { read: "v1.30.0", tag: "3.5.12-0" },
  31: { read: "v1.31.0", tag: "3.5.15-0" },
  32: { read: "v1.32.0", tag: "3.5.16-0" },
  33: { read: "v1.33.0", tag: "3.5.21-0" },
  34: { read: "v1.34.0", tag: "3.6.4-0" },
  35: { read: "v1.35.0", tag: "3.6.6-0" },
  36: { read: "v1.36.3", tag: "3.6.8-0" },
  37: { read: "v1.37.2", tag: "3.7.0-0" },
};

export const knownMinors = Object.keys(etcdTags).map(Number);

/** The minor version in "v1.36.3"; undefined if the text is no release of Kubernetes 1. */
export function minorOf(version: string): number | undefined {
  const minor = /^v?1\.(\d+)\.\d+([-+][-+.\w]*)?$/.exec(version)?.[1];
  return minor === undefined ? undefined : Number(minor);
}

/** The release in which etcd's tag was read, if that is another patch release than this one; then the tag is a guess. */
export function guessedFrom(version: string): string | undefined {
  const read = etcdTags[minorOf(version) ?? 0]?.read;
  return read === version ? undefined : read;
}

/**
 * kubeadm's rules for a version of Kubernetes: kubeadm is taken to be of the same minor version, as `kubeadm upgrade` makes it.
 * Read in k8s.io/kubernetes cmd/kubeadm/app: v1.28.0 to v1.35.0 (each .0), v1.36.3, v1.37.2; v1.36.3 also recorded (golden).
 */
export function rulesOf(version: string): Rules {
  const minor = minorOf(version) ?? 0;
  const etcd = etcdTags[minor];
  if (etcd === undefined) {
    throw new Error(`no rules of kubeadm are known for Kubernetes ${version}`);
  }
  return {
    minor,
    etcdTag: etcd.tag,
    extraArgsLast: minor >= 36,
    mergesArguments: minor >= 37,
    namedProbePorts: minor >= 34,
    omitsCreationTimestamp: minor >= 34,
    etcdLivez: minor >= 31,
    schedulerLivez: minor >= 32,
    flexVolumes: minor < 36,
    etcdFeatureGates: minor >= 36 ? "always" : minor >= 34 ? "by image" : "never",
    structuredAuthorization: minor >= 30,
    caFolders:
      minor >= 31
        ? [
            "/etc/pki/ca-trust",
            "/etc/pki/tls/certs",
            "/etc/ca-certificates",
            "/usr/share/ca-certificates",
            "/usr/local/share/ca-certificates",
          ]
        : ["/etc/pki", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/etc/ca-certificates"],
    kubeletClientOrganization: minor >= 36 ? [] : minor >= 29 ? ["kubeadm:cluster-admins"] : ["system:masters"],
    etcdClientOrganization: minor >= 29 ? [] : ["system:masters"],
  };
}
