import { parse, stringify } from "yaml";
import { parseTopology, TopologyError } from "../declaration/declaration";
import { deployKeyPath } from "../installers/rke/cluster-yml";
import { allHosts, type Topology } from "../topology/topology";
import { isMapping, type Mapping, mapping } from "../values/mapping";
import { chosenStandby, keptOrder, nameOf, type RawDatacenter, sortIntoDatacenters } from "./datacenters";
import { carryExternalEtcd } from "./external-etcd";
import { zone } from "./node";
import { type Findings, isEmpty, part, take, textOf, withoutSecrets } from "./reading";
import { unrendered } from "./unrendered";

export interface ImportSettings {
  /** Datacenters in their order, with the hosts of each by hostname_override or address. */
  datacenters: Record<string, string[]>;
  standby: string | undefined;
}

/** What RKE v1.2.7 takes where cluster.yml says nothing. */
const rkeDefaults = { cluster: "local", kubernetesVersion: "v1.20.5-rancher1-1" };

export class ImportError extends Error {
  constructor(
    readonly problems: string[],
    what = "cluster.yml",
  ) {
    super(`${what} can't become a topology:\n${problems.map((p) => `  ${p}`).join("\n")}`);
    this.name = "ImportError";
  }
}

/**
 * The topology of an existing RKE cluster, as YAML; comments at its head name what deserves a look.
 * @throws ImportError that tells all that can't be carried over, each as `item: rule: value`
 */
export function importTopology(clusterYml: string, settings: ImportSettings): string {
  const found: Findings = { errors: [], notes: [] };
  const raw = readTopology(clusterYml, settings, found);
  const topology = raw && validated(raw, found);
  if (!raw || !topology || found.errors.length > 0) {
    throw new ImportError(found.errors);
  }
  const nodes = nodesOf(clusterYml);
  const unzoned = nodes.filter((n) => mapping(n.labels)[zone] === undefined).map(nameOf);
  if (unzoned.length > 0) {
    found.notes.push(`label ${zone}: ${unzoned.join(", ")} get it, with the datacenter's name, at the next \`rke up\``);
  }
  keyNotes(topology, found);
  return [
    "# Imported from an existing cluster.yml. Before you use it:",
    ...found.notes.map((words) => `# - ${words.replaceAll("\n", " ")}`),
    stringify(raw, { lineWidth: 0, aliasDuplicateObjects: false }),
  ].join("\n");
}

interface RawTopology extends Mapping {
  datacenters: RawDatacenter[];
}

function readTopology(text: string, settings: ImportSettings, found: Findings): RawTopology | undefined {
  let document: unknown;
  try {
    document = parse(text, { merge: true });
  } catch (error) {
    found.errors.push(`cluster.yml: is not YAML: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
  if (!isMapping(document) || !Array.isArray(document.nodes) || !document.nodes.every(isMapping)) {
    found.errors.push("cluster.yml: has no list of nodes");
    return undefined;
  }
  // the parts that are taken out are what the topology models; what remains goes on under rke:
  const rest = structuredClone(document);
  const nodes = take(rest, "nodes") as Mapping[];
  const datacenters = sortIntoDatacenters(nodes, settings.datacenters, found);
  const services = part(take(rest, "services"), "services", found);
  const etcd = part(take(services, "etcd"), "services.etcd", found);
  const kubeApi = part(take(services, "kube-api"), "services.kube-api", found);
  const controller = part(take(services, "kube-controller"), "services.kube-controller", found);
  const kubelet = part(take(services, "kubelet"), "services.kubelet", found);
  const serviceCidr = take(kubeApi, "service_cluster_ip_range");
  if (controller.service_cluster_ip_range === (serviceCidr ?? "10.43.0.0/16")) {
    take(controller, "service_cluster_ip_range");
  }
  carryExternalEtcd(etcd, datacenters, found);
  const sans = sansOf(take(rest, "authentication"), found);
  const etcdArgs = texts(take(etcd, "extra_args"), "services.etcd.extra_args", found);
  const apiArgs = texts(take(kubeApi, "extra_args"), "services.kube-api.extra_args", found);
  const clusterDomain = take(kubelet, "cluster_domain");
  const head = {
    cluster: orDefault(take(rest, "cluster_name"), rkeDefaults.cluster, "cluster_name", found),
    kubernetesVersion: orDefault(
      take(rest, "kubernetes_version"),
      rkeDefaults.kubernetesVersion,
      "kubernetes_version",
      found,
    ),
    standby: settings.standby ?? chosenStandby(datacenters, found),
    pki: "adopted",
    ssh: sshOf(nodes, take(rest, "ssh_key_path"), found),
  };
  const kubeApiSettings = {
    ...(Object.keys(apiArgs).length > 0 ? { extraArgs: apiArgs } : {}),
    ...(sans.length > 0 ? { sans } : {}),
  };
  const modelled = nonEmpty({ etcd, "kube-api": kubeApi, "kube-controller": controller, kubelet });
  const others = { ...modelled, ...services };
  const kept = withoutSecrets({ ...rest, ...(Object.keys(others).length > 0 ? { services: others } : {}) }, found);
  found.notes.push(...unrendered(kept));
  return {
    ...head,
    ...(serviceCidr === undefined ? {} : { serviceCidr }),
    ...(clusterDomain === undefined ? {} : { clusterDomain }),
    ...(Object.keys(etcdArgs).length > 0 ? { etcd: { extraArgs: etcdArgs } } : {}),
    ...(Object.keys(kubeApiSettings).length > 0 ? { kubeApi: kubeApiSettings } : {}),
    datacenters,
    ...keptOrder(nodes.map(nameOf), datacenters, String(head.standby), found),
    ...(Object.keys(kept).length > 0 ? { rke: kept } : {}),
  };
}

const nonEmpty = (value: Mapping): Mapping =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => !isMapping(v) || Object.keys(v).length > 0));

function sshOf(nodes: Mapping[], keyPath: unknown, found: Findings): Mapping {
  const one = (key: string, fallback: unknown): unknown => {
    const values = [...new Set(nodes.map((n) => textOf(n[key] || fallback)))];
    if (values.length > 1) {
      found.errors.push(`nodes: must have the same ${key}, a topology has one for all: ${values.join(", ")}`);
    }
    return values[0];
  };
  const user = one("user", "root");
  const port = Number(one("port", 22));
  if (user !== "root") {
    found.notes.push(`ssh.user: ${user}; what this program does on hosts needs root by SSH`);
  }
  const paths = [...new Set(nodes.map((n) => n.ssh_key_path).filter((path) => !isEmpty(path)))];
  const path = isEmpty(keyPath) && paths.length === 1 ? paths[0] : keyPath;
  const own = typeof path === "string" && path !== "" && path !== deployKeyPath;
  if (!own) {
    found.notes.push("ssh.keyPath: cluster.yml doesn't name one key of the operator's, the default is ~/.ssh/id_rsa");
  }
  for (const node of nodes.filter((n) => !isEmpty(n.ssh_key_path) && n.ssh_key_path !== path)) {
    found.notes.push(`${nameOf(node)}.ssh_key_path: left out, the operator's key is one for all: ${node.ssh_key_path}`);
  }
  return { user, ...(port === 22 ? {} : { port }), ...(own ? { keyPath: path } : {}) };
}

/** Further names in the API server's certificate. Left out, they would vanish at the next `rke up`. */
function sansOf(authentication: unknown, found: Findings): unknown[] {
  const { sans, strategy, ...others } = part(authentication, "authentication", found);
  if (!isEmpty(sans) && !Array.isArray(sans)) {
    found.errors.push(`authentication.sans: is not a list: ${JSON.stringify(sans)}`);
  }
  if (!isEmpty(strategy) && strategy !== "x509") {
    found.errors.push(`authentication.strategy: is not x509: ${JSON.stringify(strategy)}`);
  }
  for (const key of Object.keys(others).filter((k) => !isEmpty(others[k]))) {
    found.errors.push(`authentication.${key}: a topology has no place for it yet`);
  }
  return Array.isArray(sans) ? sans : [];
}

function texts(value: unknown, item: string, found: Findings): Record<string, string> {
  return Object.fromEntries(
    Object.entries(part(value, item, found)).flatMap(([key, v]) => {
      if (typeof v === "object") {
        found.errors.push(`${item}.${key}: is not a text: ${JSON.stringify(v)}`);
        return [];
      }
      return [[key, textOf(v)]];
    }),
  );
}

function orDefault(value: unknown, fallback: string, item: string, found: Findings): unknown {
  if (value !== undefined && value !== null && value !== "") {
    return value;
  }
  found.notes.push(`${item}: cluster.yml doesn't say; RKE v1.2.7 takes ${fallback}`);
  return fallback;
}

/** A datacenter none of whose hosts were found has been told of already. */
function validated(raw: RawTopology, found: Findings): Topology | undefined {
  try {
    return parseTopology(raw);
  } catch (error) {
    if (!(error instanceof TopologyError)) {
      throw error;
    }
    const hostless = raw.datacenters.flatMap((dc, i) => (dc.hosts.length === 0 ? [`topology.datacenters[${i}].`] : []));
    // the order that is kept names hosts that are in no datacenter
    const follows = found.errors.some((e) => e.startsWith("--datacenter"))
      ? [...hostless, "topology.order:"]
      : hostless;
    found.errors.push(...error.problems.filter((p) => !follows.some((item) => p.startsWith(item))));
    return undefined;
  }
}

const nodesOf = (clusterYml: string): Mapping[] => (parse(clusterYml, { merge: true }) as { nodes: Mapping[] }).nodes;

function keyNotes(topology: Topology, found: Findings): void {
  const unpinned = allHosts(topology).filter((h) => h.hostKey === "unpinned");
  found.notes.push(
    `hostKey: pin ${unpinned.map((h) => h.name).join(", ")} with what \`ssh-keyscan\` prints, once verified`,
  );
}
