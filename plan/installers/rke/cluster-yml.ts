import { apiSans, clusterOrder, survivors } from "../../topology/order";
import { type Host, sshLogin, type Topology } from "../../topology/topology";
import { yamlText } from "../../values/yaml-text";
import { extraArguments } from "./etcd";

/** Where a deploy host keeps what `rke` needs; the same path on each, so that rkestate fits both. */
export const deployDir = "/etc/rke-dr";
export const deployKeyPath = `${deployDir}/ssh/id_ed25519`;

type ClusterYml = Record<string, unknown>;

/**
 * cluster.yml of the whole cluster, or of what is left when a datacenter is lost: its hosts leave `nodes` all at once
 * (RKE refuses when a control plane host of the list is dead) and stay as `authentication.sans`, so that the API
 * server's certificate doesn't change.
 */
export function clusterYml(topology: Topology, lost?: string): ClusterYml {
  const hosts = lost === undefined ? clusterOrder(topology) : survivors(topology, lost);
  const rke = sorted(topology.rke) as Record<string, unknown>;
  const sans = apiSans(topology, lost);
  const services = section(rke, "services");
  const etcd = section(services, "etcd");
  const kubeApi = section(services, "kube-api");
  const etcdArguments = extraArguments(topology);
  if (Object.keys(etcdArguments).length > 0) {
    etcd.extra_args = etcdArguments;
  }
  kubeApi.service_cluster_ip_range = topology.serviceCidr;
  if (Object.keys(topology.kubeApi.extraArgs).length > 0) {
    kubeApi.extra_args = topology.kubeApi.extraArgs;
  }
  section(services, "kube-controller").service_cluster_ip_range ??= topology.serviceCidr;
  section(services, "kubelet").cluster_domain = topology.clusterDomain;
  return {
    cluster_name: topology.cluster,
    kubernetes_version: topology.kubernetesVersion,
    ssh_key_path: deployKeyPath,
    nodes: hosts.map((h) => node(topology, h)),
    ...rke,
    services,
    ...(sans.length > 0 ? { authentication: { strategy: "x509", sans } } : {}),
  };
}

/** cluster.yml as text, the same for the same topology. */
export function clusterYmlText(topology: Topology, lost?: string): string {
  return yamlText(clusterYml(topology, lost));
}

function node(topology: Topology, host: Host): Record<string, unknown> {
  const { user, port } = sshLogin(topology.ssh, host);
  return {
    address: host.address,
    ...(host.internalAddress === host.address ? {} : { internal_address: host.internalAddress }),
    ...(port === 22 ? {} : { port: String(port) }),
    hostname_override: host.name,
    user,
    role: host.roles,
    labels: { "topology.kubernetes.io/zone": host.datacenter, ...host.labels },
    ...(host.taints.length === 0 ? {} : { taints: host.taints }),
  };
}

/** A copy whose keys don't depend on the order in which they were written. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

/** A mapping inside a mapping, made where it is missing; parseTopology has refused what isn't one. */
function section(parent: Record<string, unknown>, key: string): Record<string, unknown> {
  parent[key] ??= {};
  return parent[key] as Record<string, unknown>;
}
