import { declaredVersions } from "../installers/declared-versions";
import { faultWords } from "../installers/known-faults";
import { unrecoverable } from "../topology/losses";
import { defaultRke } from "../topology/schema";
import { allHosts, type Topology } from "../topology/topology";
import { isIp } from "../values/addresses";
import { UnreadableError } from "../values/go-scalar";
import { isMapping, type Mapping, mapping } from "../values/mapping";
import { yamlText } from "../values/yaml-text";
import { chosenStandby, keptOrder, type RawDatacenter, sortIntoDatacenters } from "./datacenters";
import { refuseExternalEtcd } from "./external-etcd";
import { findingsOf } from "./findings-words";
import { takeSecrets } from "./leave-out";
import { zone } from "./node";
import { labelsOf, nameOf, usableNodes } from "./nodes";
import { type ClusterYml, readClusterYml } from "./read-cluster-yml";
import { type Findings, isEmpty, part, take } from "./reading";
import type { RunningState } from "./running-state";
import { importSsh } from "./ssh";
import { validated } from "./validated";
import { orDefault, versionsOf } from "./versions";

export interface ImportSettings {
  /** Datacenters in their order, with the hosts of each by hostname_override or address. */
  datacenters: Record<string, string[]>;
  standby: string | undefined;
  /** The release of RKE that runs; undefined: v1.2.7, or the oldest that has the kubernetes_version, with a note. */
  rkeVersion?: string | undefined;
  /** RKE's record of the cluster that runs; undefined: unknown. */
  state?: RunningState | undefined;
  /** The folder of cluster.yml, from which its relative paths are resolved; undefined: they stay. */
  folder?: string;
  /** Secrets go elsewhere: placeholders stand for them. Else they are left out. */
  keepsSecrets?: boolean;
  /** More sentences for the comment at the topology's head, made by rules outside of this room. */
  remarks?: (topology: Topology) => string[];
}

export class ImportError extends Error {
  constructor(
    readonly problems: string[],
    what = "cluster.yml",
  ) {
    super(`${what} can't become a topology:\n${problems.map((p) => `  ${p}`).join("\n")}`);
    this.name = "ImportError";
  }
}

export interface Imported {
  /** The topology as YAML; comments at its head name what deserves a look. */
  text: string;
  /** The secrets by their placeholders; empty unless they go elsewhere. */
  secrets: Record<string, string>;
}

/** The topology of an existing RKE cluster without its secrets, as YAML. @throws ImportError as importCluster does */
export const importTopology = (clusterYml: string, settings: ImportSettings): string =>
  importCluster(clusterYml, settings).text;

/**
 * The topology of an existing RKE cluster, and its secrets.
 * @throws ImportError that lists everything that can't be carried over, each as `item: rule: value`
 */
export function importCluster(clusterYml: string, settings: ImportSettings): Imported {
  const found: Findings = { errors: [], notes: [] };
  const document = readDocument(clusterYml, found);
  const secrets: Record<string, string> = {};
  const raw = document && readTopology(document, settings, found, secrets);
  const topology = raw && validated(raw, settings, found);
  if (!raw || !topology || found.errors.length > 0) {
    throw new ImportError([...new Set(found.errors)]);
  }
  const unzoned = nodesOf(document)
    .filter((n) => mapping(n.labels)[zone] === undefined)
    .map(nameOf);
  if (unzoned.length > 0) {
    found.notes.push(`label ${zone}: ${unzoned.join(", ")} get it, with the datacenter's name, at the next \`rke up\``);
  }
  keyNotes(topology, found);
  found.notes.push(
    ...unrecoverable(topology),
    ...faultWords(declaredVersions(topology)),
    ...(settings.remarks?.(topology) ?? []),
  );
  const text = [
    "# Imported from an existing cluster.yml. Before you use it:",
    ...found.notes.map((words) => `# - ${words.replaceAll("\n", " ")}`),
    yamlText(raw),
  ].join("\n");
  return { text, secrets };
}

interface RawTopology extends Mapping {
  datacenters: RawDatacenter[];
}

function readDocument(text: string, found: Findings): Mapping | undefined {
  let read: ClusterYml;
  try {
    read = readClusterYml(text);
  } catch (error) {
    if (!(error instanceof UnreadableError)) {
      throw error;
    }
    found.errors.push(`cluster.yml: ${error.message}`);
    return undefined;
  }
  const nodes = nodesOf(read.value);
  const { errors, notes } = findingsOf(read, labelsOf(nodes));
  found.errors.push(...errors);
  found.notes.push(...notes);
  if (nodes.length === 0) {
    if (errors.length === 0) found.errors.push("cluster.yml: has no list of nodes");
    return undefined;
  }
  return read.value;
}

const nodesOf = (document: Mapping): Mapping[] =>
  Array.isArray(document.nodes) ? document.nodes.filter((node) => isMapping(node)) : [];

function readTopology(
  document: Mapping,
  settings: ImportSettings,
  found: Findings,
  kept: Record<string, string>,
): RawTopology {
  // the parts that are taken out are what the topology models; what remains goes on under rke:
  const rest = structuredClone(document);
  const nodes = nodesOf({ nodes: take(rest, "nodes") });
  const usable = usableNodes(nodes, found);
  const { ssh, own } = importSsh(nodes, rest, settings.folder, found);
  const datacenters = sortIntoDatacenters(nodes, usable, settings.datacenters, own, found);
  const services = part(take(rest, "services"), "services", found);
  refuseExternalEtcd(mapping(services.etcd), found);
  const clear = takeSecrets({ ...rest, services }, found, settings.keepsSecrets ? kept : undefined);
  const remaining = mapping(take(clear, "services"));
  const etcd = mapping(take(remaining, "etcd"));
  const kubeApi = mapping(take(remaining, "kube-api"));
  const controller = mapping(take(remaining, "kube-controller"));
  const kubelet = mapping(take(remaining, "kubelet"));
  const serviceCidr = take(kubeApi, "service_cluster_ip_range");
  controllerRange(controller, serviceCidr, found);
  const { sans, rest: authentication } = authenticationOf(take(clear, "authentication"), found);
  const etcdArgs = mapping(take(etcd, "extra_args"));
  const apiArgs = mapping(take(kubeApi, "extra_args"));
  const clusterDomain = take(kubelet, "cluster_domain");
  includedAddons(clear, found);
  const head = {
    cluster: orDefault(take(clear, "cluster_name"), "local", "cluster_name", settings.rkeVersion ?? defaultRke, found),
    ...versionsOf(clear, settings.rkeVersion, settings.state, found),
    standby: settings.standby ?? chosenStandby(datacenters, found),
    pki: "adopted",
    ssh,
  };
  const kubeApiSettings = {
    ...(Object.keys(apiArgs).length > 0 ? { extraArgs: apiArgs } : {}),
    ...(sans.length > 0 ? { sans } : {}),
  };
  const modelled = nonEmpty({ etcd, "kube-api": kubeApi, "kube-controller": controller, kubelet });
  const others = { ...modelled, ...nonEmpty(remaining) };
  const rke = {
    ...nonEmpty(clear),
    ...(Object.keys(authentication).length > 0 ? { authentication } : {}),
    ...(Object.keys(others).length > 0 ? { services: others } : {}),
  };
  return {
    ...head,
    ...(isEmpty(serviceCidr) ? {} : { serviceCidr }),
    ...(isEmpty(clusterDomain) ? {} : { clusterDomain }),
    ...(Object.keys(etcdArgs).length > 0 ? { etcd: { extraArgs: etcdArgs } } : {}),
    ...(Object.keys(kubeApiSettings).length > 0 ? { kubeApi: kubeApiSettings } : {}),
    datacenters,
    ...keptOrder(nodes.map(nameOf), datacenters, String(head.standby), found),
    ...(Object.keys(rke).length > 0 ? { rke } : {}),
  };
}

/** kube-controller-manager's own range: a rendered cluster.yml without it says kube-apiserver's, and RKE takes its default, which differs. */
function controllerRange(controller: Mapping, serviceCidr: unknown, found: Findings): void {
  const rkes = "10.43.0.0/16";
  const of = (range: unknown) => (isEmpty(range) ? rkes : range);
  const [own, apis] = [of(controller.service_cluster_ip_range), of(serviceCidr)];
  if (own === apis) {
    take(controller, "service_cluster_ip_range");
    return;
  }
  controller.service_cluster_ip_range = own;
  found.notes.push(
    `services.kube-controller.service_cluster_ip_range: ${own}, but kube-apiserver has ${apis}: kept as it runs; the two should be the same`,
  );
}

const nonEmpty = (value: Mapping): Mapping =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => !isMapping(v) || Object.keys(v).length > 0));

/**
 * Takes `authentication` apart. Its sans are the topology's: left out, they would vanish at the next `rke up`.
 * @returns the rest, if it says more than RKE's default, as it goes on under rke:
 */
function authenticationOf(authentication: unknown, found: Findings): { sans: unknown[]; rest: Mapping } {
  const { sans, strategy, webhook } = part(authentication, "authentication", found);
  const rest = {
    ...(isEmpty(strategy) || strategy === "x509" ? {} : { strategy }),
    // an empty mapping, too, turns it on
    ...(webhook === undefined || webhook === null ? {} : { webhook }),
  };
  return { sans: Array.isArray(sans) ? sans : [], rest };
}

/** `rke up` would look on the deploy hosts for files that only the operator's machine has; the results of these files stay. */
function includedAddons(clear: Mapping, found: Findings): void {
  const listed = take(clear, "addons_include");
  const texts = Array.isArray(listed) ? listed.map(String) : [];
  const files = texts.filter((path) => !/^https?:/.test(path));
  if (files.length > 0) {
    found.notes.push(
      `addons_include: ${files.join(", ")} left out: the deploy hosts don't have them, and \`rke up\` would fail there; what they deployed stays in the cluster`,
    );
  }
  if (files.length < texts.length) {
    clear.addons_include = texts.filter((path) => !files.includes(path));
  }
}

function keyNotes(topology: Topology, found: Findings): void {
  const named = allHosts(topology).filter((h) => !isIp(h.internalAddress));
  if (named.length > 0) {
    found.notes.push(
      `address: ${named.map((h) => h.name).join(", ")}: etcd's URLs and the certificates carry names, as RKE has them; a rendering shows that, an act needs internal_address (in cluster.yml, then \`rke up\`: certificates and etcd's URLs change, etcd and the control plane restart once, in peace)`,
    );
  }
  const unpinned = allHosts(topology).filter((h) => h.hostKey === "unpinned");
  found.notes.push(
    `hostKey: pin ${unpinned.map((h) => h.name).join(", ")} with what \`ssh-keyscan\` prints, once verified`,
  );
}
