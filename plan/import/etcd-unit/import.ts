import { parseAllDocuments } from "yaml";
import { envFileProblems } from "../../runtimes/systemd/env-file";
import type { Host } from "../../topology/topology";
import { isMapping, type Mapping, mapping } from "../../values/mapping";
import { yamlText } from "../../values/yaml-text";
import { chosenStandby } from "../datacenters";
import { ImportError, type ImportSettings } from "../import";
import { sortedInto, validate } from "../kubeadm";
import { clusterPart } from "../kubeadm-cluster";
import { documentsOf, type KubeadmFile } from "../kubeadm-documents";
import { type Findings, part, take } from "../reading";
import { type EnvFileOf, envFileOf, isEnvFile, isUnitFile } from "./env-files";
import {
  type Inventory,
  type InventoryHost,
  isKubesprayIni,
  isKubesprayYaml,
  kubesprayIni,
  kubesprayYaml,
  type UnitInstaller,
} from "./inventory";
import { isKubeKey, isKubeKey4, kubeKey, kubeKey4 } from "./kubekey";
import { unitPart, withMembers } from "./unit-part";

/** What the files are, by their content. */
interface Files {
  inventories: Inventory[];
  envFiles: EnvFileOf[];
  units: KubeadmFile[];
  kubeadm: KubeadmFile[];
}

/**
 * The topology of an existing cluster whose etcd is a unit of systemd, as YAML: from the inventory (kubespray's hosts.yaml or inventory.ini, KubeKey's
 * config-sample.yaml), each member's /etc/etcd.env, etcd.service, and of the control plane kubeadm's ConfigMap kubeadm-config.
 * @throws ImportError that lists everything that can't be carried over, each as `item: rule: value`
 */
export function importEtcdUnit(installer: UnitInstaller, files: KubeadmFile[], settings: ImportSettings): string {
  const found: Findings = { errors: [], notes: [] };
  const sorted = sortedFiles(files, found);
  const inventory = inventoryOf(installer, sorted, found);
  if (inventory === undefined) {
    throw new ImportError(found.errors, "these files");
  }
  const hosts = withMembers(inventory.hosts, sorted.envFiles, found);
  const control =
    installer === "unit" ? { head: {}, kubeadm: undefined } : controlPlanePart(installer, sorted, inventory, found);
  const datacenters = sortedInto(
    hosts.map(sortable),
    settings.datacenters,
    found,
    installer === "unit" ? "a host has its member's name, ETCD_NAME" : "the inventory names the hosts",
  );
  const order = datacenters.flatMap((dc) => dc.hosts.map((h) => h.name));
  const inOrder = order.flatMap((name) => hosts.find((h) => h.name === name) ?? []);
  const unit = unitPart(installer, { ...inventory, hosts: inOrder }, sorted.envFiles, sorted.units, found);
  const login = commonLogin(hosts);
  const raw = {
    installer,
    cluster: "lab",
    ...control.head,
    standby: settings.standby ?? chosenStandby(datacenters, found),
    ssh: login,
    datacenters: datacenters.map((dc) => ({ ...dc, hosts: dc.hosts.map((h) => hostPart(h, hosts, login, unit.own)) })),
    ...(control.kubeadm === undefined ? {} : { kubeadm: control.kubeadm }),
    etcdUnit: unit.shared,
  };
  if (found.errors.length === 0) {
    validate(raw, found);
  }
  if (found.errors.length > 0) {
    throw new ImportError([...new Set(found.errors)], "these files");
  }
  return [
    `# Imported from an existing cluster of ${installer === "unit" ? "etcd alone" : installer}. Before you use it:`,
    ...[
      ...found.notes,
      `hostKey: pin ${hosts.map((h) => h.name).join(", ")} with what \`ssh-keyscan\` prints, once verified`,
    ].map((words) => `# - ${words.replaceAll("\n", " ")}`),
    yamlText(raw),
  ].join("\n");
}

function sortedFiles(files: KubeadmFile[], found: Findings): Files {
  const sorted: Files = { inventories: [], envFiles: [], units: [], kubeadm: [] };
  for (const { path, text: given } of files) {
    // blanks behind the last line, which KubeKey 3 writes, mean nothing and make unreadable YAML
    const text = given.replace(/[ \t]+$/, "");
    const file = { path, text };
    if (isUnitFile(text)) {
      sorted.units.push(file);
    } else if (isEnvFile(text)) {
      found.errors.push(...envFileProblems(text, path));
      sorted.envFiles.push(envFileOf(path, text));
    } else if (isKubesprayIni(text)) {
      sorted.inventories.push(kubesprayIni(path, text, found));
    } else {
      sortDocument(file, sorted, found);
    }
  }
  return sorted;
}

function sortDocument(file: KubeadmFile, sorted: Files, found: Findings): void {
  const [first] = parseAllDocuments(file.text, { merge: true });
  const body: unknown = first?.errors.length === 0 ? first.toJS() : undefined;
  if (isMapping(body) && isKubesprayYaml(body)) {
    sorted.inventories.push(kubesprayYaml(file.path, body, found));
  } else if (isMapping(body) && isKubeKey(body)) {
    sorted.inventories.push(kubeKey(file.path, body, found));
  } else if (isMapping(body) && isKubeKey4(body)) {
    sorted.inventories.push(kubeKey4(file.path, body, found));
  } else {
    sorted.kubeadm.push(file);
  }
}

/** The inventory that was given, or hosts from the members' own files. */
function inventoryOf(
  installer: UnitInstaller,
  { inventories, envFiles }: Files,
  found: Findings,
): Inventory | undefined {
  const [first, ...more] = inventories;
  for (const { item } of more) {
    found.errors.push(`${item}: is a second inventory, beside ${first?.item}; a cluster has one`);
  }
  if (first) {
    return first;
  }
  if (installer !== "unit") {
    const name =
      installer === "kubespray" ? "hosts.yaml or inventory.ini" : "config-sample.yaml, or inventory.yaml of release 4,";
    found.errors.push(
      `inventory: is in no file; it names the hosts, their roles and addresses: give ${installer}'s ${name}`,
    );
    return undefined;
  }
  const hosts = envFiles.map(
    ({ member, address }): InventoryHost => ({
      name: member.toLowerCase(),
      address,
      internalAddress: address,
      roles: ["etcd"],
      member,
      ssh: {},
      labels: {},
    }),
  );
  return {
    item: "the files of settings",
    hosts,
    kubernetesVersion: undefined,
    clusterName: undefined,
    etcdClient: undefined,
    hasUsualSettings: false,
    kubeadm: {},
  };
}

/** kubeadm's part, from its own documents if they were given, else as far as the inventory decides it. */
function controlPlanePart(installer: UnitInstaller, { kubeadm: files }: Files, inventory: Inventory, found: Findings) {
  const pki = installer === "kubespray" ? { certificatesDir: "/etc/kubernetes/ssl" } : {};
  if (files.length > 0) {
    const { head, kubeadm } = clusterPart(documentsOf(files, found), found);
    const external = part(mapping(kubeadm.etcd).external, "kubeadm-config: etcd.external", found);
    // the members' own URLs, which the topology has already
    take(external, "endpoints");
    return { head, kubeadm: { ...kubeadm, etcd: { external } } };
  }
  if (inventory.kubernetesVersion === undefined) {
    found.errors.push(
      "kubernetesVersion: is in no file; it is in `kubectl -n kube-system get cm kubeadm-config -o yaml`: nothing",
    );
  }
  found.notes.push(
    "kubeadm: taken from the inventory and the installer's defaults; `kubectl -n kube-system get cm kubeadm-config -o yaml`, given as a further file, says what holds",
  );
  const version = inventory.kubernetesVersion ?? "";
  const external = inventory.etcdClient;
  return {
    head: {
      cluster: inventory.clusterName ?? "kubernetes",
      kubernetesVersion: /^\d/.test(version) ? `v${version}` : version,
    },
    kubeadm: { ...pki, ...inventory.kubeadm, etcd: { external } },
  };
}

const sortable = ({ name, address, internalAddress, roles }: InventoryHost) => ({
  name,
  address: address ?? internalAddress ?? "",
  roles: [...roles],
});

/** User and port of most hosts. */
function commonLogin(hosts: InventoryHost[]): { user: string; port?: number } {
  const most = <T>(values: T[]): T | undefined =>
    [...values].sort((a, b) => values.filter((v) => v === b).length - values.filter((v) => v === a).length)[0];
  const port = most(hosts.map((h) => h.ssh.port ?? 22)) ?? 22;
  return { user: most(hosts.map((h) => h.ssh.user ?? "root")) ?? "root", ...(port === 22 ? {} : { port }) };
}

function hostPart(
  sorted: Mapping,
  hosts: InventoryHost[],
  login: { user: string; port?: number },
  own: Record<string, NonNullable<Host["etcdUnit"]>>,
): Mapping {
  const host = hosts.find((h) => h.name === sorted.name);
  const { internalAddress, ssh = {}, labels = {} } = host ?? {};
  const differs = {
    ...((ssh.user ?? "root") === login.user ? {} : { user: ssh.user ?? "root" }),
    ...((ssh.port ?? 22) === (login.port ?? 22) ? {} : { port: ssh.port ?? 22 }),
  };
  const unit = own[String(sorted.name)] ?? {};
  return {
    ...sorted,
    ...(internalAddress === undefined || internalAddress === sorted.address ? {} : { internalAddress }),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(Object.keys(differs).length > 0 ? { ssh: differs } : {}),
    hostKey: "unpinned",
    ...(Object.keys(unit).length > 0 ? { etcdUnit: unit } : {}),
  };
}
