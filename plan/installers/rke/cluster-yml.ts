import { parseDocument } from "yaml";
import type { Site } from "../../topology/site";
import { type Host, sshLogin } from "../../topology/topology";
import { mapping } from "../../values/mapping";
import { yamlText } from "../../values/yaml-text";
import { deployKeyPath } from "../deploy-folder";
import { extraArguments } from "./etcd";

type ClusterYml = Record<string, unknown>;

/**
 * cluster.yml of the whole cluster, or of what is left when a datacenter is lost: its hosts leave `nodes` all at once
 * (RKE refuses when a control plane host of the list is dead) and stay as `authentication.sans`, so that the API
 * server's certificate doesn't change.
 */
export function clusterYml(site: Site): ClusterYml {
  const { hosts, sans } = site;
  const rke = sorted(site.rke) as Record<string, unknown>;
  const services = section(rke, "services");
  const etcd = section(services, "etcd");
  const kubeApi = section(services, "kube-api");
  const etcdArguments = extraArguments(site);
  if (Object.keys(etcdArguments).length > 0) {
    etcd.extra_args = etcdArguments;
  }
  kubeApi.service_cluster_ip_range = site.serviceCidr;
  if (Object.keys(site.kubeApi.extraArgs).length > 0) {
    kubeApi.extra_args = site.kubeApi.extraArgs;
  }
  section(services, "kube-controller").service_cluster_ip_range ??= site.serviceCidr;
  section(services, "kubelet").cluster_domain = site.clusterDomain;
  return {
    cluster_name: site.cluster,
    kubernetes_version: site.kubernetesVersion,
    ssh_key_path: deployKeyPath,
    nodes: hosts.map((h) => node(site, h)),
    ...rke,
    services,
    ...(sans.length > 0 || rke.authentication !== undefined
      ? { authentication: { strategy: "x509", ...mapping(rke.authentication), ...(sans.length > 0 ? { sans } : {}) } }
      : {}),
  };
}

/** cluster.yml as text, the same for the same site. */
export function clusterYmlText(site: Site): string {
  return yamlText(clusterYml(site));
}

/** The nodes of a cluster.yml, by address and by the name that RKE gives them; none if it isn't one. */
export function hostsIn(text: string): { address: string; name: string }[] {
  const { contents } = parseDocument(text);
  const { nodes } = mapping(contents?.toJSON());
  return (Array.isArray(nodes) ? nodes : []).flatMap((entry) => {
    const { address, hostname_override: name } = mapping(entry);
    return typeof address === "string" ? [{ address, name: typeof name === "string" ? name : address }] : [];
  });
}

function node(site: Site, host: Host): Record<string, unknown> {
  const { user, port } = sshLogin(site.ssh, host);
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

/** A mapping inside a mapping, made if it is missing; parseTopology has refused any value there that isn't a mapping. */
function section(parent: Record<string, unknown>, key: string): Record<string, unknown> {
  parent[key] ??= {};
  return parent[key] as Record<string, unknown>;
}
