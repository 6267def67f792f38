import { parseTopology, TopologyError } from "../declaration/declaration";
import { hostPort } from "../installers/kubeadm/configuration";
import { type Mapping, mapping } from "../values/mapping";
import { suggestion } from "../values/nearest";
import { yamlText } from "../values/yaml-text";
import { chosenStandby, type RawDatacenter } from "./datacenters";
import { ImportError, type ImportSettings } from "./import";
import { clusterPart } from "./kubeadm-cluster";
import { type Documents, documentsOf, type KubeadmFile } from "./kubeadm-documents";
import { type ImportedHost, importedHosts } from "./kubeadm-hosts";
import type { Findings } from "./reading";

export type { KubeadmFile } from "./kubeadm-documents";

/** The part of a host by which it is sorted into a datacenter. */
type SortedHost = Pick<ImportedHost, "name" | "address" | "roles">;

/**
 * The topology of an existing kubeadm cluster, as YAML, from kubeadm's own files: ClusterConfiguration with each control plane
 * host's InitConfiguration or JoinConfiguration, or the living cluster's ConfigMap kubeadm-config and its Nodes, or both.
 * @throws ImportError that lists everything that can't be carried over, each as `item: rule: value`
 */
export function importKubeadm(files: KubeadmFile[], settings: ImportSettings): string {
  const found: Findings = { errors: [], notes: [] };
  const documents = documentsOf(files, found);
  endOn(found);
  const cluster = clusterPart(documents, found);
  const { head } = cluster;
  const kubeadm = withEndpointPort(cluster.kubeadm, documents);
  const hosts = importedHosts(documents, cluster, found);
  endOn(found);
  const datacenters = sortedInto(hosts, settings.datacenters, found);
  leaveOutUsualJoins(datacenters);
  const raw = {
    installer: "kubeadm",
    ...head,
    standby: settings.standby ?? chosenStandby(datacenters, found),
    ssh: { user: "root" },
    datacenters,
    ...(Object.keys(kubeadm).length > 0 ? { kubeadm } : {}),
  };
  if (found.errors.length === 0) {
    validate(raw, found);
  }
  endOn(found);
  const names = hosts.map((h) => h.name).join(", ");
  return [
    "# Imported from an existing kubeadm cluster. Before you use it:",
    ...[
      ...found.notes,
      "ssh: no file says how the hosts are reached; their addresses are those that they advertise",
      `hostKey: pin ${names} with what \`ssh-keyscan\` prints, once verified`,
    ].map((words) => `# - ${words.replaceAll("\n", " ")}`),
    yamlText(raw),
  ].join("\n");
}

/** @throws ImportError if there are errors: what comes next would find errors that only follow from them */
function endOn(found: Findings): void {
  if (found.errors.length > 0) {
    throw new ImportError(found.errors, "these files");
  }
}

/** kubeadm takes the port of an endpoint that names none from the host of `kubeadm init` (util/config/initconfiguration.go SetClusterDynamicDefaults). */
function withEndpointPort(kubeadm: Mapping, { inits }: Documents): Mapping {
  const { controlPlaneEndpoint: endpoint } = kubeadm;
  const { bindPort } = mapping(inits.map(({ body }) => mapping(body.localAPIEndpoint)).find((e) => e.bindPort));
  return typeof endpoint === "string" && typeof bindPort === "number" && !/(^[^:]*|\]):\d*$/.test(endpoint)
    ? { ...kubeadm, controlPlaneEndpoint: hostPort(endpoint, bindPort) }
    : kubeadm;
}

/**
 * @param given hosts of each datacenter, by name or address
 * @param where hosts are found, for a name that is none of them
 */
export function sortedInto(
  hosts: SortedHost[],
  given: Record<string, string[]>,
  found: Findings,
  where = "a worker's address is in its Node, `kubectl get nodes -o yaml`",
): RawDatacenter[] {
  const is = (host: SortedHost, word: string) => [host.name, host.address].includes(word.toLowerCase());
  for (const [dc, words] of Object.entries(given)) {
    for (const word of words.filter((w) => !hosts.some((h) => is(h, w)))) {
      const hint =
        hosts.length > 0
          ? ` (${suggestion(
              word,
              hosts.map((h) => h.name),
            )})`
          : "";
      found.errors.push(`--datacenter ${dc}: no file tells of this host${hint}; ${where}: ${JSON.stringify(word)}`);
    }
  }
  for (const host of hosts) {
    const of = Object.keys(given).filter((dc) => given[dc]?.some((word) => is(host, word)));
    if (of.length !== 1) {
      const rule = of.length === 0 ? "is in no datacenter" : `is in more than one datacenter (${of.join(", ")})`;
      found.errors.push(`--datacenter: ${rule}: ${JSON.stringify(host.name)}`);
    }
  }
  return Object.entries(given).map(([name, words]) => {
    const own = hosts.filter((h) => words.some((word) => is(h, word)));
    const deploy = own.find((h) => h.roles.includes("controlplane")) ?? own[0];
    if (deploy) {
      const which = deploy.roles.includes("controlplane") ? "first control plane host" : "first host";
      found.notes.push(`deploy host of ${name}: ${deploy.name}, its ${which}`);
    }
    return { name, deployHost: deploy?.name ?? "", hosts: own.map((h): Mapping => ({ ...h })) };
  });
}

/** The topology takes members for joined in its own order; only another order is worth a key. */
function leaveOutUsualJoins(datacenters: RawDatacenter[]): void {
  const before: unknown[] = [];
  for (const host of datacenters.flatMap((dc) => dc.hosts)) {
    const { joined, ...others } = mapping(host.kubeadm);
    if (Array.isArray(joined)) {
      host.kubeadm = joined.join() === before.join() ? others : host.kubeadm;
      before.push(host.name);
    }
    if (Object.keys(mapping(host.kubeadm)).length === 0) {
      delete host.kubeadm;
    }
  }
}

/** Adds the problems that a topology of these keys would have. */
export function validate(raw: unknown, found: Findings): void {
  try {
    parseTopology(raw);
  } catch (error) {
    if (!(error instanceof TopologyError)) {
      throw error;
    }
    found.errors.push(...error.problems);
  }
}
