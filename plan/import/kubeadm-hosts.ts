import { minorOf } from "../installers/kubeadm/versions";
import { defaults } from "../topology/kubeadm-defaults";
import { goSeconds } from "../topology/kubeadm-schema";
import { isIp, plainIp } from "../values/addresses";
import { isMapping, type Mapping, mapping } from "../values/mapping";
import { type ClusterPart, externalEndpoints } from "./kubeadm-cluster";
import type { Document, Documents } from "./kubeadm-documents";
import type { Findings } from "./reading";

export interface ImportedHost {
  name: string;
  address: string;
  roles: string[];
  hostKey: "unpinned";
  labels?: Mapping;
  kubeadm?: Mapping;
}

/** All that the files say of one host. */
interface Known {
  name: string;
  items: string[];
  address: string | undefined;
  isControlPlane: boolean;
  /** True if pods go there: the Node has no control plane taint. */
  takesPods: boolean;
  /** `kubeadm init` or `kubeadm join` by the host's own file; undefined if the files have only its Node. */
  made: "init" | "join" | undefined;
  /** The Node's creation, as text that sorts; "" where there is no Node. */
  since: string;
  labels: Mapping;
  settings: Mapping;
}

/** All hosts that the files name, in the order in which they joined as far as Nodes show it, else in that of the files. */
export function importedHosts(documents: Documents, cluster: ClusterPart, found: Findings): ImportedHost[] {
  const known = merged(
    [
      ...documents.inits.map((d) => ofConfiguration(d, "init", mapping(d.body.localAPIEndpoint), found)),
      ...documents.joins.map((d) =>
        ofConfiguration(d, "join", mapping(mapping(d.body.controlPlane).localAPIEndpoint), found),
      ),
      ...documents.nodes.map(ofNode),
    ].flatMap((k) => k ?? []),
    found,
  );
  const hosts = known.every((k) => k.since !== "")
    ? [...known].sort((a, b) => (a.since < b.since ? -1 : a.since > b.since ? 1 : 0))
    : known;
  const external = externalEndpoints(cluster.kubeadm);
  const members = external ? [] : hosts.filter((k) => k.isControlPlane);
  const several = members.filter((k) => k.made === "init");
  if (several.length > 1) {
    found.notes.push(
      `InitConfiguration: ${several.map((k) => k.name).join(", ")} each have one; each one's manifests are rendered as \`kubeadm init\` writes them, a member of etcd alone`,
    );
  }
  return hosts.flatMap((host) => {
    const { name, address } = host;
    if (address === undefined) {
      const isTold = host.items.some((item) => found.errors.some((error) => error.startsWith(item)));
      found.errors.push(
        ...(isTold
          ? []
          : [
              `${host.items.join(", ")}: has no address: neither localAPIEndpoint.advertiseAddress nor a Node with an InternalIP (kubeadm took that of the default route; write it there): ${JSON.stringify(name)}`,
            ]),
      );
      return [];
    }
    const settings: Mapping = { ...joinedPart(host, members), ...host.settings, ...timeoutPart(host, cluster) };
    if (goSeconds(String(settings.startupTimeout ?? "4m0s")) === 0) {
      found.notes.push(
        `${host.items.join(", ")}.timeouts.controlPlaneComponentHealthCheck: is ${settings.startupTimeout}, which \`kubeadm config migrate\` of 1.36 writes in place of any other value; made with it, startup probes have no failureThreshold, and the kubelet ends a pod that hasn't started after half a minute`,
      );
    }
    return [
      {
        name,
        address,
        roles: rolesOf(host, external),
        hostKey: "unpinned" as const,
        ...(Object.keys(host.labels).length > 0 ? { labels: host.labels } : {}),
        ...(host.isControlPlane && Object.keys(settings).length > 0 ? { kubeadm: settings } : {}),
      },
    ];
  });
}

function ofConfiguration(
  { item, body }: Document,
  made: "init" | "join",
  endpoint: Mapping,
  found: Findings,
): Known | undefined {
  const registration = mapping(body.nodeRegistration);
  if (typeof registration.name !== "string" || registration.name === "") {
    found.errors.push(
      `${item}.nodeRegistration.name: is missing; kubeadm took the host's own name, write it there: nothing`,
    );
    return undefined;
  }
  const { bindPort } = endpoint;
  const patches = mapping(body.patches).directory;
  const timeout = mapping(body.timeouts).controlPlaneComponentHealthCheck;
  return {
    name: registration.name.trim().toLowerCase(),
    items: [item],
    address: advertised(made === "init" ? item : `${item}.controlPlane`, endpoint, found),
    isControlPlane: made === "init" || isMapping(body.controlPlane),
    // no list of taints: kubeadm's own one; an empty list: none
    takesPods:
      made === "join" && !isMapping(body.controlPlane)
        ? true
        : Array.isArray(registration.taints) && !hasTaint(registration.taints),
    made,
    since: "",
    labels: {},
    settings: {
      ...(bindPort === undefined || bindPort === 0 || bindPort === 6443 ? {} : { bindPort }),
      ...(timeout === undefined || goSeconds(String(timeout)) === 240 ? {} : { startupTimeout: String(timeout) }),
      ...(patches === undefined || patches === "" ? {} : { patches }),
    },
  };
}

/** The address that a host advertises; undefined if kubeadm takes that of the network interface with the default route. */
function advertised(item: string, { advertiseAddress: address }: Mapping, found: Findings): string | undefined {
  if (typeof address !== "string" || address === "" || address === "0.0.0.0") {
    return undefined;
  }
  const plain = isIp(address) ? plainIp(address) : undefined;
  if (plain === "::" || /^127\.|^::1$/.test(plain ?? "")) {
    return undefined;
  }
  if (plain === undefined || /^(22[4-9]|2[345]\d)\.|^169\.254\.|^fe[89ab]|^ff/.test(plain)) {
    found.errors.push(
      `${item}.localAPIEndpoint.advertiseAddress: is not an address by which other hosts reach this one: ${JSON.stringify(address)}`,
    );
    return undefined;
  }
  return plain;
}

function ofNode({ item, body }: Document): Known {
  const metadata = mapping(body.metadata);
  const { taints } = mapping(body.spec);
  const { addresses } = mapping(body.status);
  const internal = (Array.isArray(addresses) ? addresses.map(mapping) : []).find((a) => a.type === "InternalIP");
  const labels = mapping(metadata.labels);
  const isControlPlane = Object.keys(labels).some((key) =>
    /^node-role\.kubernetes\.io\/(control-plane|master)$/.test(key),
  );
  return {
    name: String(metadata.name),
    items: [item],
    address: internal === undefined ? undefined : plainIp(String(internal.address)),
    isControlPlane,
    takesPods: !isControlPlane || !hasTaint(taints),
    made: undefined,
    since: String(metadata.creationTimestamp ?? ""),
    // kubelet and kubeadm give their own back to a Node that is made anew; the operator's would be gone
    labels: Object.fromEntries(
      Object.entries(labels).filter(
        ([key]) => !/(^|\.)(kubernetes|k8s)\.io\//.test(key) || key.startsWith("topology."),
      ),
    ),
    settings: {},
  };
}

const hasTaint = (taints: unknown): boolean =>
  Array.isArray(taints) &&
  taints.some((t) => /^node-role\.kubernetes\.io\/(control-plane|master)$/.test(String(mapping(t).key)));

/** One entry a host: its own file says how it was made, its Node since when it is there and what it is labelled. */
function merged(all: Known[], found: Findings): Known[] {
  const byName = new Map<string, Known>();
  for (const next of all) {
    const before = byName.get(next.name);
    if (before?.address !== undefined && next.address !== undefined && before.address !== next.address) {
      found.errors.push(
        `${next.items.join()}: ${next.name} has another address than in ${before.items.join()} (${before.address}): ${JSON.stringify(next.address)}`,
      );
    }
    if (before?.made !== undefined && next.made !== undefined) {
      found.errors.push(
        `${next.items.join()}: is a second one of this host, after ${before.items.join()}: ${JSON.stringify(next.name)}`,
      );
    }
    byName.set(next.name, before === undefined ? next : both(before, next));
  }
  return [...byName.values()];
}

const both = (file: Known, node: Known): Known => ({
  name: file.name,
  items: [...file.items, ...node.items],
  address: file.address ?? node.address,
  isControlPlane: file.isControlPlane || node.isControlPlane,
  takesPods: node.made === undefined ? node.takesPods : file.takesPods,
  made: file.made ?? node.made,
  since: node.since === "" ? file.since : node.since,
  labels: { ...file.labels, ...node.labels },
  settings: { ...node.settings, ...file.settings },
});

function rolesOf(host: Known, external: string[] | undefined): string[] {
  const isMember = external
    ? external.some((url) => plainIp(url.replace(/^[a-z]+:\/\/\[?/, "").replace(/\]?:\d+\/?$/, "")) === host.address)
    : host.isControlPlane;
  return [
    ...(host.isControlPlane ? ["controlplane"] : []),
    ...(isMember ? ["etcd"] : []),
    ...(host.takesPods ? ["worker"] : []),
  ];
}

/** Written only if the topology's order, which is by datacenter, may differ from it. */
function joinedPart(host: Known, members: Known[]): Mapping {
  if (!members.includes(host)) {
    return {};
  }
  const before = members.slice(0, members.indexOf(host)).map((k) => k.name);
  return { joined: host.made === "init" ? [] : before };
}

/**
 * v1beta3's timeoutForControlPlane, which wins over a host's own timeout. From kubeadm 1.31 on only `kubeadm init` reads it
 * (util/config/initconfiguration.go), before a join does as well.
 */
function timeoutPart(host: Known, { head, startupTimeout }: ClusterPart): Mapping {
  const seconds = goSeconds(startupTimeout ?? "") ?? 0;
  const isRead = host.made === "init" || (minorOf(head.kubernetesVersion) ?? 0) < 31;
  return host.isControlPlane && isRead && seconds !== 0 && seconds !== defaults.startupSeconds
    ? { startupTimeout }
    : {};
}
