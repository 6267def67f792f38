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

export const isKubesprayYaml = (document: Mapping): boolean => isMapping(document.all);
export const isKubesprayIni = (text: string): boolean =>
  /^\[(kube_control_plane|kube-master|etcd)(:children)?\]/m.test(text);

/** kubespray's hosts.yaml. */
export function kubesprayYaml(item: string, document: Mapping, found: Findings): Inventory {
  const known = new Map<string, Group>();
  const add = (name: string, body: Mapping): void => {
    const children = mapping(body.children);
    const before = known.get(name) ?? { hosts: {}, children: [], vars: {} };
    known.set(name, {
      hosts: {
        ...before.hosts,
        ...Object.fromEntries(Object.entries(mapping(body.hosts)).map(([h, v]) => [h, mapping(v)])),
      },
      children: [...before.children, ...Object.keys(children)],
      vars: { ...before.vars, ...mapping(body.vars) },
    });
    for (const [child, inner] of Object.entries(children)) {
      add(child, mapping(inner));
    }
  };
  add("all", mapping(document.all));
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
    const [name = ""] = line.split(/\s/);
    group.hosts[name] = { ...group.hosts[name], ...pairs(line.slice(name.length)) };
  }
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
    found.errors.push(`${item}: a range of hosts isn't read, write each of them: ${JSON.stringify(name)}`);
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
    kubeadm: {},
  };
}

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
  const [ip, access] = [text(vars.ip), text(vars.access_ip)];
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

const text = (value: unknown): string | undefined =>
  value === undefined || value === null || value === "" ? undefined : String(value);

/** KubeKey's configuration of releases 2 and 3, config-sample.yaml. */
export const isKubeKey = ({ kind, apiVersion }: Mapping): boolean =>
  kind === "Cluster" && String(apiVersion).startsWith("kubekey.kubesphere.io/");

export function kubeKey(item: string, document: Mapping, found: Findings): Inventory {
  const spec = mapping(document.spec);
  const roleGroups = mapping(spec.roleGroups);
  const kubernetes = mapping(spec.kubernetes);
  const etcd = mapping(spec.etcd);
  if (etcd.type !== undefined && etcd.type !== "kubekey") {
    found.errors.push(
      `${item}: spec.etcd.type: is none that KubeKey runs as a unit, which is kubekey: ${JSON.stringify(etcd.type)}`,
    );
  }
  const inRole = (names: string[]): string[] =>
    names.flatMap((name) => (Array.isArray(roleGroups[name]) ? roleGroups[name].map(String) : [])).flatMap(expanded);
  const [members, masters, workers] = [inRole(["etcd"]), inRole(["master", "control-plane"]), inRole(["worker"])];
  const hosts = Array.isArray(spec.hosts) ? spec.hosts.filter(isMapping) : [];
  for (const name of [...members, ...masters, ...workers].filter((n) => !hosts.some((h) => h.name === n))) {
    found.errors.push(`${item}: spec.roleGroups: is not one of spec.hosts: ${JSON.stringify(name)}`);
  }
  const endpoint = mapping(spec.controlPlaneEndpoint);
  const network = mapping(spec.network);
  return {
    item,
    hosts: hosts.map((host) => {
      const name = String(host.name);
      const roles = [
        ...(masters.includes(name) ? (["controlplane"] as const) : []),
        ...(members.includes(name) ? (["etcd"] as const) : []),
        ...(workers.includes(name) ? (["worker"] as const) : []),
      ];
      return {
        name,
        address: text(host.address),
        // a second address there is the host's IPv6
        internalAddress: text(host.internalAddress)?.split(",")[0] ?? text(host.address),
        roles,
        member: members.includes(name) ? `etcd-${name}` : undefined,
        ssh: {
          ...(text(host.user) === undefined ? {} : { user: String(host.user) }),
          ...(host.port === undefined ? {} : { port: Number(host.port) }),
        },
        labels: mapping(host.labels),
      };
    }),
    kubernetesVersion: text(kubernetes.version),
    clusterName: text(mapping(document.metadata).name),
    kubeadm: {
      controlPlaneEndpoint: `${text(endpoint.domain) ?? "lb.kubesphere.local"}:${text(endpoint.port) ?? "6443"}`,
      networking: {
        dnsDomain: text(kubernetes.clusterName) ?? "cluster.local",
        podSubnet: text(network.kubePodsCIDR) ?? "10.233.64.0/18",
        serviceSubnet: text(network.kubeServiceCIDR) ?? "10.233.0.0/18",
      },
    },
  };
}

/** node[2:10] is node2 to node10. */
function expanded(name: string): string[] {
  const [, head = "", from = "", to = "", tail = ""] = /^(.*)\[(\d+):(\d+)\](.*)$/.exec(name) ?? [];
  return from === ""
    ? [name]
    : Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => `${head}${Number(from) + i}${tail}`);
}
