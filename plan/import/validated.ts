import { parseTopology, TopologyError } from "../declaration/declaration";
import type { Topology } from "../topology/topology";
import type { Mapping } from "../values/mapping";
import type { RawDatacenter } from "./datacenters";
import { isSingleHost, oneDatacenter } from "./one-datacenter";
import type { Findings } from "./reading";

interface Raw extends Mapping {
  datacenters: RawDatacenter[];
}

/**
 * The topology, or what is wrong with it in cluster.yml's words; errors that only follow from one found before are left out.
 */
export function validated(
  raw: Raw,
  settings: { standby: string | undefined; state?: unknown },
  found: Findings,
): Topology | undefined {
  const before = found.errors.length > 0;
  const single = raw.datacenters.length === 1 || isSingleHost(raw.datacenters);
  if (single && !before) {
    found.errors.push(oneDatacenter(raw.datacenters));
  }
  try {
    return parseTopology(raw);
  } catch (error) {
    if (!(error instanceof TopologyError)) {
      throw error;
    }
    const follows = [
      ...(before || single ? ["topology.datacenters", "topology.order"] : []),
      ...((before || single) && settings.standby === undefined ? ["topology.standby"] : []),
    ];
    const own = error.problems.filter((problem) => !follows.some((item) => problem.startsWith(item)));
    found.errors.push(
      ...own.map((problem) =>
        problem.startsWith("topology.kubernetesVersion") && settings.state === undefined
          ? `${problem}; cluster.rkestate beside cluster.yml, or given by --state, knows them`
          : inClusterYml(problem, raw.datacenters),
      ),
    );
    return undefined;
  }
}

/** Keys of a topology's host by their names in cluster.yml. */
const nodeKeys: Record<string, string> = {
  name: "hostname_override",
  internalAddress: "internal_address",
  roles: "role",
  "ssh.user": "user",
  "ssh.port": "port",
};
/** Other items whose names differ in cluster.yml; the names of items below them begin with these. */
const renamed: [topology: string, clusterYml: string][] = [
  // before topology.cluster, with which it begins
  ["topology.clusterDomain", "services.kubelet.cluster_domain"],
  ["topology.cluster", "cluster_name"],
  ["topology.serviceCidr", "services.kube-api.service_cluster_ip_range"],
  ["topology.etcd.extraArgs", "services.etcd.extra_args"],
  ["topology.kubeApi.extraArgs", "services.kube-api.extra_args"],
  ["topology.kubeApi.sans", "authentication.sans"],
  ["topology.ssh.user", "nodes.user"],
  ["topology.ssh.port", "nodes.port"],
  ["topology.ssh.bastion", "bastion_host"],
];

function inClusterYml(problem: string, datacenters: RawDatacenter[]): string {
  const [whole, i, j, key = ""] =
    /^topology\.datacenters\[(\d+)\]\.hosts\[(\d+)\](?:\.((?:ssh\.)?[a-zA-Z]+))?/.exec(problem) ?? [];
  const host = datacenters[Number(i)]?.hosts[Number(j)];
  if (whole !== undefined && host) {
    return `nodes ${host.name}${key === "" ? "" : `.${nodeKeys[key] ?? key}`}${problem.slice(whole.length)}`;
  }
  const [from, to] = renamed.find(([item]) => problem.startsWith(item)) ?? [];
  return from === undefined ? problem : `${to}${problem.slice(from.length)}`;
}
