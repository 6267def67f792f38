import { goSeconds } from "../topology/kubeadm-schema";
import { isIp, plainIp } from "../values/addresses";
import { isMapping, type Mapping, mapping } from "../values/mapping";
import { externalEndpoints } from "./kubeadm-cluster";
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

/**
 * All hosts that the files name, in the order in which they joined as far as Nodes show it, else in that of the files.
 * @param kubeadm what goes under `kubeadm:`
 */
export function importedHosts(
  documents: Documents,
  kubeadm: Mapping,
  startupTimeout: string | undefined,
  found: Findings,
): ImportedHost[] {
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
  const hosts = known.every((k) => k.since !== "") ? [...known].sort((a, b) => (a.since < b.since ? -1 : 1)) : known;
  const external = externalEndpoints(kubeadm);
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
      found.errors.push(
        `${host.items.join(", ")}: has no address: neither localAPIEndpoint.advertiseAddress nor a Node with an InternalIP: ${JSON.stringify(name)}`,
      );
      return [];
    }
    const settings = { ...joinedPart(host, members), ...timeoutPart(host, startupTimeout), ...host.settings };
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
  const { advertiseAddress, bindPort } = endpoint;
  const patches = mapping(body.patches).directory;
  const timeout = mapping(body.timeouts).controlPlaneComponentHealthCheck;
  return {
    name: registration.name.trim().toLowerCase(),
    items: [item],
    address: typeof advertiseAddress === "string" && isIp(advertiseAddress) ? plainIp(advertiseAddress) : undefined,
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

const timeoutPart = (host: Known, startupTimeout: string | undefined): Mapping =>
  startupTimeout === undefined || goSeconds(startupTimeout) === 240 || !host.isControlPlane ? {} : { startupTimeout };
