import type { Argument, ClusterConfiguration, ExternalEtcd, HostPathMount, KubeadmHost } from "./configuration";
import { argumentValue } from "./configuration";
import type { Rules } from "./versions";

/** A folder or file of the host, with its place in the container. */
export type Mounts = { name: string; hostPath: string; type: string; mountPath: string; readOnly: boolean }[];

const same = (name: string, path: string, type = "DirectoryOrCreate", readOnly = true): Mounts[number] => ({
  name,
  hostPath: path,
  type,
  mountPath: path,
  readOnly,
});

/** The folders of the host that are mounted into kube-apiserver (phases/controlplane/volumes.go). */
export const apiServerMounts = (cluster: ClusterConfiguration, host: KubeadmHost, rules: Rules): Mounts =>
  withExtra(
    [
      same("k8s-certs", cluster.certificatesDir),
      same("ca-certs", "/etc/ssl/certs"),
      ...(cluster.etcd.external ? etcdCertificates(cluster.etcd.external, cluster.certificatesDir, rules) : []),
      ...caFolders(host, rules),
    ],
    cluster.apiServer.extraVolumes,
  );

export const controllerManagerMounts = (cluster: ClusterConfiguration, host: KubeadmHost, rules: Rules): Mounts =>
  withExtra(
    [
      same("k8s-certs", cluster.certificatesDir),
      same("ca-certs", "/etc/ssl/certs"),
      same("kubeconfig", "/etc/kubernetes/controller-manager.conf", "FileOrCreate"),
      ...(rules.flexVolumes ? [flexVolumes(cluster.controllerManager.extraArgs)] : []),
      ...caFolders(host, rules),
    ],
    cluster.controllerManager.extraVolumes,
  );

export const schedulerMounts = (cluster: ClusterConfiguration): Mounts =>
  withExtra([same("kubeconfig", "/etc/kubernetes/scheduler.conf", "FileOrCreate")], cluster.scheduler.extraVolumes);

/** The folders of the host that are mounted into etcd; kubeadm has no extraVolumes for etcd. */
export const etcdMounts = (cluster: ClusterConfiguration, dataDir: string): Mounts => [
  same("etcd-data", dataDir, "DirectoryOrCreate", false),
  same("etcd-certs", `${cluster.certificatesDir}/etcd`, "DirectoryOrCreate", false),
];

function flexVolumes(extraArgs: Argument[]): Mounts[number] {
  const path =
    argumentValue(extraArgs, "flex-volume-plugin-dir") ?? "/usr/libexec/kubernetes/kubelet-plugins/volume/exec";
  return same("flexvolume-dir", path, "DirectoryOrCreate", false);
}

/** Only folders that kubeadm looks for are mounted, and only if the host has them. */
const caFolders = (host: KubeadmHost, rules: Rules): Mounts =>
  rules.caFolders
    .filter((path) => host.caFolders.includes(path))
    .map((path) => same(path.replaceAll("/", "-").slice(1), path));

/** A volume of extraVolumes takes the place of kubeadm's own of the same name. */
function withExtra(own: Mounts, extra: HostPathMount[]): Mounts {
  const added = extra.map(({ pathType, ...rest }) => ({ ...rest, type: pathType }));
  return [...new Map([...own, ...added].map((mount) => [mount.name, mount])).values()];
}

/** Folders of an external etcd's files that no other mount brings already, the outermost of each (getEtcdCertVolumes). */
function etcdCertificates({ caFile, certFile, keyFile }: ExternalEtcd, certificatesDir: string, rules: Rules): Mounts {
  let folders: string[] = [];
  for (const folder of [caFile, certFile, keyFile].filter((f) => f !== "").map(folderOf)) {
    const mounted = [...rules.caFolders, "/etc/ssl/certs", certificatesDir].some((path) => folder.startsWith(path));
    // kubeadm compares texts, not folders: /etc/etcd2 counts as part of /etc/etcd
    if (!mounted && !folders.some((f) => folder.startsWith(f) && !f.startsWith(folder))) {
      folders = [...folders.filter((f) => !f.startsWith(folder)), folder];
    }
  }
  return folders.sort().map((folder, i) => same(`etcd-certs-${i}`, folder));
}

const folderOf = (path: string): string => path.replace(/\/+[^/]*$/, "") || "/";
