import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { ClusterConfiguration, KubeadmHost } from "../../../../plan/installers/kubeadm/configuration";
import { clusterSchema, goSeconds, hostSchema } from "../../../../plan/topology/kubeadm-schema";
import { type Mapping, mapping } from "../../../../plan/values/mapping";

export const golden = join(__dirname, "../../../golden");

/** One host of a recorded topology: what kubeadm was given, and what it wrote. */
export interface Recording {
  topology: string;
  cluster: ClusterConfiguration;
  host: KubeadmHost;
  manifests: Record<string, string>;
  /** By path below certificatesDir: lines of openssl. */
  certificates: Record<string, string[]>;
}

export const read = (path: string): string => readFileSync(join(golden, path), "utf8");

/** All hosts of all topologies in kubeadm/ and kubeadm-own/. */
export const recordings = (): Recording[] =>
  ["kubeadm", "kubeadm-own"].flatMap((root) =>
    readdirSync(join(golden, root)).flatMap((topology) =>
      readdirSync(join(golden, root), { withFileTypes: true }).some((d) => d.name === topology && d.isDirectory())
        ? readdirSync(join(golden, root, topology)).flatMap((host) => recording(join(root, topology, host)))
        : [],
    ),
  );

function recording(folder: string): Recording[] {
  if (!existsSync(join(golden, folder, "kubeadm.yaml"))) {
    return [];
  }
  const [cluster = {}, host = {}] = parseAllDocuments(read(`${folder}/kubeadm.yaml`)).map((d) => mapping(d.toJS()));
  const files = readdirSync(join(golden, folder, "manifests"));
  return [
    {
      topology: folder.split("/").at(-2) ?? "",
      cluster: clusterOf(cluster, folder),
      host: hostOf(host, cluster),
      manifests: Object.fromEntries(files.map((file) => [file, read(`${folder}/manifests/${file}`)])),
      certificates: JSON.parse(read(`${folder}/certs.json`)),
    },
  ];
}

function clusterOf({ apiVersion, kind, kubernetesVersion, ...rest }: Mapping, folder: string): ClusterConfiguration {
  const { timeoutForControlPlane, ...apiServer } = mapping(rest.apiServer);
  const parsed = clusterSchema.parse({ ...rest, apiServer });
  return {
    ...parsed,
    kubernetesVersion: String(kubernetesVersion),
    clusterName: parsed.clusterName ?? "kubernetes",
    proxyEnvs: folder.includes("odd-values") ? proxies : [],
  };
}

export const proxies = [
  { name: "HTTPS_PROXY", value: "http://proxy.test:3128" },
  { name: "no_proxy", value: "10.0.0.0/8,.svc" },
];

function hostOf(configuration: Mapping, cluster: Mapping): KubeadmHost {
  const endpoint = mapping(configuration.localAPIEndpoint);
  const timeout = mapping(cluster.apiServer).timeoutForControlPlane ?? "4m0s";
  const { caFolders, ids } = hostSchema.parse({});
  return {
    name: String(mapping(configuration.nodeRegistration).name),
    advertiseAddress: String(endpoint.advertiseAddress),
    bindPort: Number(endpoint.bindPort ?? 6443),
    startupSeconds: goSeconds(String(timeout)) ?? 0,
    caFolders,
    ids,
  };
}
