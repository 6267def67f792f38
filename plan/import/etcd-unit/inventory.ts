import { isIp } from "../../values/addresses";
import { isMapping, type Mapping, mapping } from "../../values/mapping";
import type { Findings } from "../reading";

/** The installers whose etcd is a unit of systemd. */
export type UnitInstaller = "kubespray" | "kubekey" | "unit";

/** A host as an inventory has it. */
export interface InventoryHost {
  name: string;
  /** For SSH. */
  address: string | undefined;
  /** That etcd and the API listen on and advertise. */
  internalAddress: string | undefined;
  roles: ("controlplane" | "etcd" | "worker")[];
  /** etcd's name of it; undefined if the inventory doesn't decide it. */
  member: string | undefined;
  ssh: { user?: string; port?: number };
  labels: Mapping;
}

/** The content of an inventory. */
export interface Inventory {
  /** As errors name it. */
  item: string;
  hosts: InventoryHost[];
  kubernetesVersion: string | undefined;
  clusterName: string | undefined;
  /** The files by which kube-apiserver asks etcd; undefined if kubeadm's own documents have to say it. */
  etcdClient: Mapping | undefined;
  /** True if members' names and settings are known without their files: the release that wrote them writes none but those. */
  hasUsualSettings: boolean;
  /** Settings of kubeadm's ClusterConfiguration that the inventory decides. */
  kubeadm: Mapping;
}

/** kubespray's groups by role; the second name is that of releases before 2.15. */
const groups = {
  controlplane: ["kube_control_plane", "kube-master"],
  etcd: ["etcd"],
  worker: ["kube_node", "kube-node"],
} as const;

/** A group of ansible's: its own hosts with their variables, its children, and variables for all of them. */
interface Group {
  hosts: Record<string, Mapping>;
  children: string[];
  vars: Mapping;
}

export const isKubesprayYaml = (document: Mapping): boolean =>
  isMapping(document.all) || Object.values(groups).some((names) => names.some((name) => isMapping(document[name])));
export const isKubesprayIni = (text: string): boolean =>
  /^\[(kube_control_plane|kube-master|etcd)(:children)?\]/m.test(text);

/** kubespray's hosts.yaml. Ansible takes a group at the head of the file for a child of `all`. */
export function kubesprayYaml(item: string, document: Mapping, found: Findings): Inventory {
  const known = new Map<string, Group>();
  const add = (name: string, body: Mapping): void => {
    const children = mapping(body.children);
    const before = known.get(name) ?? { hosts: {}, children: [], vars: {} };
    known.set(name, {
      hosts: {
        ...before.hosts,
        ...Object.fromEntries(
          Object.entries(mapping(body.hosts)).flatMap(([h, v]) => inRange(h).map((name) => [name, mapping(v)])),
        ),
      },
      children: [...before.children, ...Object.keys(children)],
      vars: { ...before.vars, ...mapping(body.vars) },
    });
    for (const [child, inner] of Object.entries(children)) {
      add(child, mapping(inner));
    }
  };
  add("all", mapping(document.all));
  for (const [name, body] of Object.entries(document).filter(([key]) => key !== "all")) {
    add(name, mapping(body));
  }
  return ofGroups(item, known, found);
}

/** kubespray's inventory.ini, in ansible's form: sections of hosts, `:children` and `:vars`. */
export function kubesprayIni(item: string, text: string, found: Findings): Inventory {
  const known = new Map<string, Group>([["all", { hosts: {}, children: [], vars: {} }]]);
  let [section, kind] = ["all", "hosts"];
  for (const line of text.split("\n").map((l) => l.replace(/(^|\s)[#;].*$/, "").trim())) {
    const [, name, suffix = "hosts"] = /^\[([^\]:]+)(?::(children|vars))?\]$/.exec(line) ?? [];
    if (name !== undefined) {
      [section, kind] = [name, suffix];
      known.set(section, known.get(section) ?? { hosts: {}, children: [], vars: {} });
    } else if (line !== "") {
      addLine(known.get(section), kind, line);
    }
  }
  return ofGroups(item, known, found);
}

function addLine(group: Group | undefined, kind: string, line: string): void {
  const pairs = (words: string) =>
    Object.fromEntries(
      [...words.matchAll(/([^\s=]+)\s*=\s*("[^"]*"|'[^']*'|\S*)/g)].map(([, k = "", v = ""]) => [
        k,
        v.replace(/^["']|["']$/g, ""),
      ]),
    );
  if (kind === "vars") {
    Object.assign(group?.vars ?? {}, pairs(line));
  } else if (kind === "children") {
    group?.children.push(line);
  } else if (group) {
    const [written = ""] = line.split(/\s/);
    for (const name of inRange(written)) {
      group.hosts[name] = { ...group.hosts[name], ...pairs(line.slice(written.length)) };
    }
  }
}

/**
 * The hosts of a name with ranges, as Ansible expands them: node[01:10:3] is node01, node04, node07 and node10, rack-[a:c] three letters. A name
 * whose range can't be read stays as it is.
 */
export function inRange(name: string): string[] {
  const [, head = "", from = "", to = "", step = "1", tail = ""] =
    /^([^[]*)\[(\d*|[A-Za-z]):(\d+|[A-Za-z])(?::(\d+))?\](.*)$/.exec(name) ?? [];
  const isLetter = /[A-Za-z]/.test(to);
  const numberOf = (end: string): number => (isLetter ? end.charCodeAt(0) : Number(end));
  const count = Math.floor((numberOf(to) - numberOf(from)) / Number(step)) + 1;
  if (to === "" || isLetter !== /[A-Za-z]/.test(from) || !(count > 0 && count <= 1000)) {
    return [name];
  }
  const width = /^0\d/.test(from) ? from.length : 0;
  return Array.from({ length: count }, (_, i) => numberOf(from) + i * Number(step)).flatMap((value) =>
    inRange(tail).map(
      (rest) => `${head}${isLetter ? String.fromCharCode(value) : `${value}`.padStart(width, "0")}${rest}`,
    ),
  );
}

function ofGroups(item: string, known: Map<string, Group>, found: Findings): Inventory {
  const all = mapping(known.get("all")?.vars);
  const namesIn = (group: string, seen: string[] = []): string[] => {
    const { hosts = {}, children = [] } = known.get(group) ?? {};
    const inner = seen.includes(group) ? [] : children.flatMap((child) => namesIn(child, [...seen, group]));
    return [...new Set([...Object.keys(hosts), ...inner])];
  };
  const members = groups.etcd.flatMap((group) => namesIn(group));
  const names = [...new Set(Object.values(groups).flatMap((of) => of.flatMap((group) => namesIn(group))))];
  for (const name of names.filter((n) => /\[.*\]/.test(n))) {
    found.errors.push(
      `${item}: is a range of hosts that Ansible doesn't read either; write each of them: ${JSON.stringify(name)}`,
    );
  }
  const variables = (name: string): Mapping => ({
    ...all,
    ...Object.assign(
      {},
      ...[...known].filter(([group]) => group !== "all" && namesIn(group).includes(name)).map(([, g]) => g.vars),
    ),
    ...Object.assign({}, ...[...known.values()].map((g) => g.hosts[name] ?? {})),
  });
  return {
    item,
    hosts: names.map((name) => kubesprayHost(item, name, variables(name), rolesIn(name, namesIn), members, found)),
    kubernetesVersion: text(all.kube_version),
    clusterName: undefined,
    etcdClient: clientFiles(groups.controlplane.flatMap((group) => namesIn(group))[0] ?? ""),
    hasUsualSettings: true,
    kubeadm: {},
  };
}

/**
 * The files of releases that name them by hosts. kubeadm writes one configuration for all control planes, so each kube-apiserver names those of the
 * host of `kubeadm init`; the installer puts them on the others, too (kubespray's roles/etcd gen_certs_script.yml, by links).
 */
export const clientFiles = (first: string): Mapping => ({
  caFile: "/etc/ssl/etcd/ssl/ca.pem",
  certFile: `/etc/ssl/etcd/ssl/node-${first}.pem`,
  keyFile: `/etc/ssl/etcd/ssl/node-${first}-key.pem`,
});

const rolesIn = (name: string, namesIn: (group: string) => string[]): InventoryHost["roles"] =>
  (Object.keys(groups) as (keyof typeof groups)[]).filter((role) =>
    groups[role].some((group) => namesIn(group).includes(name)),
  );

function kubesprayHost(
  item: string,
  name: string,
  vars: Mapping,
  roles: InventoryHost["roles"],
  members: string[],
  found: Findings,
): InventoryHost {
  const [ip, access, deployment] = [text(vars.ip), text(vars.access_ip), text(vars.etcd_deployment_type)];
  if (roles.includes("etcd") && deployment !== undefined && deployment !== "host") {
    const way = deployment === "kubeadm" ? "import with --installer kubeadm" : "move etcd to the host first";
    found.errors.push(
      `${item}: ${name}: etcd_deployment_type must be host, else etcd is no unit of systemd; ${way}: ${JSON.stringify(deployment)}`,
    );
  }
  if (access !== undefined && ip !== undefined && access !== ip) {
    found.errors.push(
      `${item}: ${name}: access_ip must be ip: etcd would listen at one address and advertise another: ${JSON.stringify(access)}`,
    );
  }
  const port = text(vars.ansible_port ?? vars.ansible_ssh_port);
  const user = text(vars.ansible_user ?? vars.ansible_ssh_user);
  return {
    name,
    // ansible connects to the name itself if the inventory has no address
    address: text(vars.ansible_host ?? vars.ansible_ssh_host) ?? ip ?? access ?? (isIp(name) ? name : undefined),
    internalAddress: ip ?? access,
    roles,
    // roles/kubespray_defaults etcd_member_name: by the place in the group etcd
    member: roles.includes("etcd") ? (text(vars.etcd_member_name) ?? `etcd${members.indexOf(name) + 1}`) : undefined,
    ssh: { ...(user === undefined ? {} : { user }), ...(port === undefined ? {} : { port: Number(port) }) },
    labels: mapping(vars.node_labels),
  };
}

export const text = (value: unknown): string | undefined =>
  value === undefined || value === null || value === "" ? undefined : String(value);
