import type { Topology } from "../../topology/topology";
import { isMapping } from "../../values/mapping";

/** Keys of cluster.yml that the topology models; under `rke:` they would be said twice. */
const modelled = [
  "nodes",
  "cluster_name",
  "kubernetes_version",
  "ssh_key_path",
  "services.etcd.extra_args",
  "services.kube-api.extra_args",
  "services.kube-api.service_cluster_ip_range",
  "services.kubelet.cluster_domain",
  "authentication.sans",
];

/** Parts of cluster.yml into which the topology writes. */
const mappings = [
  "authentication",
  "authentication.webhook",
  "services",
  "services.etcd",
  "services.kube-api",
  "services.kube-controller",
  "services.kubelet",
];

/** Problems of `rke:`, each as `item: rule: value`. */
export function rkeProblems({ rke }: Pick<Topology, "rke">): string[] {
  const told = (path: string, rule: string) => `topology.rke.${path}: ${rule}: ${JSON.stringify(at(rke, path))}`;
  return [
    ...mappings
      .filter((path) => at(rke, path) !== undefined && !isMapping(at(rke, path)))
      .map((path) => told(path, "is not a mapping")),
    ...modelled
      .filter((path) => at(rke, path) !== undefined)
      .map((path) => told(path, "is said by the topology itself, not under rke")),
  ];
}

/** The value at a path of keys in cluster.yml; undefined if there is none. */
export function at(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((node, key) => (isMapping(node) ? node[key] : undefined), value);
}
