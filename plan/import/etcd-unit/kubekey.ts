import { isMapping, type Mapping, mapping } from "../../values/mapping";
import type { Findings } from "../reading";
import { clientFiles, type Inventory, text } from "./inventory";

/** KubeKey's configuration of releases 2 and 3, config-sample.yaml. */
export const isKubeKey = ({ kind, apiVersion }: Mapping): boolean =>
  kind === "Cluster" && String(apiVersion).startsWith("kubekey.kubesphere.io/");

/** Of releases 2 and 3, and of release 1, which had other names for etcd's members. */
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
  const distribution = text(kubernetes.type) ?? /-(k3s|k8e)$/.exec(String(kubernetes.version))?.[1] ?? "kubernetes";
  if (distribution !== "kubernetes") {
    found.errors.push(
      `${item}: spec.kubernetes.type: must be kubernetes, whose control plane is kubeadm's; import etcd alone with --installer unit: ${JSON.stringify(distribution)}`,
    );
  }
  for (const [key, usual] of [
    ["port", 2379],
    ["peerPort", 2380],
  ] as const) {
    if (etcd[key] !== undefined && Number(etcd[key]) !== usual) {
      found.errors.push(
        `${item}: spec.etcd.${key}: must be ${usual}, no other is known here: ${JSON.stringify(etcd[key])}`,
      );
    }
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
    etcdClient: clientFiles(masters[0] ?? ""),
    hasUsualSettings: document.apiVersion !== "kubekey.kubesphere.io/v1alpha1",
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

/** KubeKey's inventory of release 4, inventory.yaml. */
export const isKubeKey4 = ({ kind, apiVersion }: Mapping): boolean =>
  kind === "Inventory" && String(apiVersion).startsWith("kubekey.kubesphere.io/");

/** Of release 4: hosts with a connector, and groups of hosts and of groups. */
export function kubeKey4(item: string, document: Mapping, found: Findings): Inventory {
  const spec = mapping(document.spec);
  const [hosts, groups] = [mapping(spec.hosts), mapping(spec.groups)];
  const texts = (value: unknown) => (Array.isArray(value) ? value.map(String) : []);
  const namesIn = (group: string, seen: string[] = []): string[] => {
    const body = mapping(groups[group]);
    const inner = seen.includes(group) ? [] : texts(body.groups).flatMap((g) => namesIn(g, [...seen, group]));
    return [...new Set([...texts(body.hosts), ...inner])];
  };
  const byRole = {
    controlplane: namesIn("kube_control_plane"),
    etcd: namesIn("etcd"),
    worker: namesIn("kube_worker"),
  };
  const names = [...new Set(Object.values(byRole).flat())];
  for (const name of names.filter((n) => !(n in hosts))) {
    found.errors.push(`${item}: spec.groups: is not one of spec.hosts: ${JSON.stringify(name)}`);
  }
  return {
    item,
    hosts: names
      .filter((name) => name in hosts)
      .map((name) => {
        const vars = mapping(hosts[name]);
        const { host, user, port } = mapping(vars.connector);
        const internal = text(vars.internal_ipv4) ?? text(vars.internal_ipv6);
        return {
          name,
          address: text(host) ?? internal,
          internalAddress: internal ?? text(host),
          roles: (["controlplane", "etcd", "worker"] as const).filter((role) => byRole[role].includes(name)),
          member: byRole.etcd.includes(name) ? name : undefined,
          ssh: {
            ...(text(user) === undefined ? {} : { user: String(user) }),
            ...(text(port) === undefined ? {} : { port: Number(port) }),
          },
          labels: {},
        };
      }),
    kubernetesVersion: undefined,
    clusterName: undefined,
    etcdClient: {
      caFile: "/etc/kubernetes/pki/etcd/ca.crt",
      certFile: "/etc/kubernetes/pki/etcd/client.crt",
      keyFile: "/etc/kubernetes/pki/etcd/client.key",
    },
    hasUsualSettings: false,
    kubeadm: {},
  };
}
