import { allHosts, findDatacenter, type Topology } from "./topology-hosts";

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
  "authentication",
];

/** What the schema can't see: duplicates, references and parts that exclude each other; every problem, as `item: rule: value`. */
export function crossCheck(topology: Topology): string[] {
  const problems: string[] = [];
  const hosts = allHosts(topology);
  const duplicate = (what: string, values: string[]) => {
    for (const value of new Set(values.filter((v, i) => values.indexOf(v) !== i))) {
      problems.push(`topology.datacenters: ${what} is used twice: ${JSON.stringify(value)}`);
    }
  };
  duplicate(
    "a datacenter's name",
    topology.datacenters.map((dc) => dc.name),
  );
  duplicate(
    "a host's name",
    hosts.map((h) => h.name),
  );
  duplicate(
    "an address",
    hosts.flatMap((h) => [...new Set([h.address, h.internalAddress])]),
  );
  topology.datacenters.forEach((dc, i) => {
    if (!dc.hosts.some((h) => h.name === dc.deployHost)) {
      problems.push(
        `topology.datacenters[${i}].deployHost: is not a host of datacenter ${dc.name}: ${JSON.stringify(dc.deployHost)}`,
      );
    }
    dc.hosts.forEach((h, j) => {
      const item = `topology.datacenters[${i}].hosts[${j}]`;
      if (new Set(h.roles).size !== h.roles.length) {
        problems.push(`${item}.roles: names a role twice: ${JSON.stringify(h.roles)}`);
      }
      if ((h.etcd === "voter") !== h.roles.includes("etcd")) {
        problems.push(
          `${item}.etcd: a voter has the role etcd and nobody else has (RKE makes a voter of each host with it): ${JSON.stringify(h.etcd)}`,
        );
      }
    });
  });
  const standby = findDatacenter(topology, topology.standby);
  if (!standby) {
    problems.push(`topology.standby: is not one of the datacenters: ${JSON.stringify(topology.standby)}`);
  } else if (!standby.hosts.some((h) => h.roles.includes("controlplane"))) {
    problems.push(`topology.standby: has no control plane host: ${JSON.stringify(topology.standby)}`);
  }
  if (!hosts.some((h) => h.etcd === "voter")) {
    problems.push("topology.datacenters: no host has the role etcd: []");
  }
  const learners = hosts.filter((h) => h.etcd === "learner").map((h) => h.name);
  if (learners.length > 1) {
    problems.push(`topology.datacenters: etcd takes one learner at a time: ${JSON.stringify(learners)}`);
  }
  for (const path of [
    "services",
    "services.etcd",
    "services.kube-api",
    "services.kube-controller",
    "services.kubelet",
  ]) {
    const value = at(topology.rke, path);
    if (value !== undefined && (typeof value !== "object" || value === null || Array.isArray(value))) {
      problems.push(`topology.rke.${path}: is not a mapping: ${JSON.stringify(value)}`);
    }
  }
  for (const path of modelled) {
    const node = at(topology.rke, path);
    if (node !== undefined) {
      problems.push(`topology.rke.${path}: is said by the topology itself, not under rke: ${JSON.stringify(node)}`);
    }
  }
  return problems;
}

/** The value at a path of keys, undefined where there is none. */
function at(value: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>(
      (node, key) => (typeof node === "object" && node !== null ? (node as Record<string, unknown>)[key] : undefined),
      value,
    );
}
