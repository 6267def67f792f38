/** What RKE v1.2.7 deploys for a Kubernetes version (golden rke-plan; RKE's kontainer-driver-metadata). */
export interface Release {
  etcdImage: string;
  hyperkubeImage: string;
  /** Sidekick, nginx-proxy and RKE's short-lived containers. */
  toolsImage: string;
  /** The v2 API ended with etcd 3.5's successor 3.6; RKE sets the flag where etcd has it. */
  etcdHasV2: boolean;
}

export const releases: Record<string, Release> = {
  "v1.20.5-rancher1-1": {
    etcdImage: "rancher/coreos-etcd:v3.4.14-rancher1",
    hyperkubeImage: "rancher/hyperkube:v1.20.5-rancher1",
    toolsImage: "rancher/rke-tools:v0.1.72",
    etcdHasV2: true,
  },
};

export function releaseOf(kubernetesVersion: string): Release {
  const release = releases[kubernetesVersion];
  if (!release) {
    throw new Error(`no release is known for Kubernetes ${kubernetesVersion}`);
  }
  return release;
}
