import { readStored, type Stored, type StoredObject, type Writer } from "../../facts/stored-object";

/** A key of etcd's with the revision at which it was last written. */
export interface Key {
  key: string;
  modified: number;
}

/** All keys of one etcd. */
export interface Keys {
  revision: number;
  keys: Key[];
}

/** `only there`: the lost side alone has it; `newer there`: that side wrote to it since; `deleted there`: the cluster still has it. */
export type Difference = "only there" | "newer there" | "deleted there";

/** How the living cluster has an object now. */
export type Now = "not there" | "as at the failover" | "changed since" | "not known";

/** Why nobody has to bring an object back. */
export type Aside =
  /** Of the control plane itself: Leases, Events, allocated addresses. */
  | "machinery"
  /** Only its status differs, which a controller writes anew. */
  | "status"
  /** Another object controls it, and its controller makes it anew. */
  | "controlled"
  /** None but Kubernetes' own components wrote to it. */
  | "components";

/** An object that the lost side has otherwise than the data with which the failover began. */
export interface LostObject {
  difference: Difference;
  key: string;
  apiVersion: string;
  /** The resource's name in the key if the value can't be read. */
  kind: string;
  namespace: string;
  name: string;
  /** When the lost side last wrote to it, Unix milliseconds; etcd and Kubernetes keep no time for a deletion. */
  time: number | undefined;
  /** Names of the clients and controllers that wrote to it on the lost side, the last one first; nobody keeps who deleted. */
  by: string[];
  now: Now;
  /** True if the API server encrypted it: only its key is known. */
  encrypted: boolean;
  controller: StoredObject["controller"];
  aside: Aside | undefined;
}

interface EtcdKeys {
  header: { revision: number };
  kvs?: { key: string; mod_revision: number; value?: string }[];
}

/** Reads the answer of `etcdctl get PREFIX --prefix --keys-only -w json`. @throws SyntaxError if it is cut */
export function readKeys(answer: string): Keys {
  const { header, kvs = [] } = JSON.parse(answer) as EtcdKeys;
  return {
    revision: header.revision,
    keys: kvs.map((kv) => ({ key: Buffer.from(kv.key, "base64").toString("utf8"), modified: kv.mod_revision })),
  };
}

/** Reads the answer of `etcdctl get KEY -w json`; undefined if there is no such key. @throws SyntaxError if it is cut */
export function readValue(answer: string): Buffer | undefined {
  const [kv] = (JSON.parse(answer) as EtcdKeys).kvs ?? [];
  return kv && Buffer.from(kv.value ?? "", "base64");
}

/**
 * The keys that differ, in the order in which the lost side wrote them, deleted ones last. Both sides have one history up to the loss, so an equal
 * revision means an equal value. What the cluster wrote at a revision that the lost side never reached isn't a difference of that side's making.
 *
 * @param lost the newest data of the lost side
 * @param base the data with which the failover began
 */
export function differingKeys(lost: Keys, base: Keys): { key: string; difference: Difference }[] {
  const there = new Map(lost.keys.map((k) => [k.key, k.modified]));
  const here = new Map(base.keys.map((k) => [k.key, k.modified]));
  const written = lost.keys
    .filter((k) => k.modified > (here.get(k.key) ?? 0))
    .sort((a, b) => a.modified - b.modified)
    .map(({ key }) => ({ key, difference: here.has(key) ? ("newer there" as const) : ("only there" as const) }));
  const deleted = base.keys
    .filter((k) => !there.has(k.key) && k.modified <= lost.revision)
    .map(({ key }) => ({ key, difference: "deleted there" as const }));
  return [...written, ...deleted];
}

/** The parts of a key PREFIX/RESOURCE[/NAMESPACE]/NAME or PREFIX/GROUP/RESOURCE[/NAMESPACE]/NAME. */
function partsOf(key: string, prefix: string): { resource: string; namespace: string; name: string } {
  const parts = key.slice(prefix.length + 1).split("/");
  // a group has a dot in its name, and Services stand below services/specs and services/endpoints
  const long = parts.length > 2 && ((parts[0] ?? "").includes(".") || parts[0] === "services");
  const [resource = "", ...rest] = long ? parts.slice(1) : parts;
  return {
    resource: parts[0] === "services" && long ? `services/${resource}` : resource,
    namespace: rest.length > 1 ? (rest[0] ?? "") : "",
    name: rest.at(-1) ?? "",
  };
}

/** Keys that the control plane keeps for itself. No user's request is lost with them. */
const machinery = new Set(["leases", "events", "masterleases", "peerserverleases", "ranges"]);

/** True if nobody wants the value of such a key: its object is only counted. */
export const isMachinery = (key: string, prefix: string): boolean => machinery.has(partsOf(key, prefix).resource);

/** The names under which Kubernetes' own components write. */
const components = new Set([
  ...[
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "cloud-controller-manager",
    "kubelet",
    "kube-proxy",
  ],
]);

/** Volumes hold data: they are named also where a controller has made them. */
const keepsData = new Set(["PersistentVolume", "PersistentVolumeClaim"]);

const sameWriter = (a: Writer, b: Writer): boolean =>
  a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource && a.time === b.time;

/** The writers that the object on the lost side has and the other hasn't, the last one first. */
function writersSince(there: StoredObject, here: StoredObject | undefined): Writer[] {
  const byTime = [...there.writers].sort((a, b) => (b.time ?? 0) - (a.time ?? 0));
  const since = byTime.filter((w) => !here?.writers.some((other) => sameWriter(w, other)));
  // within one second the same client leaves the same entry
  return since.length > 0 ? since : byTime.slice(0, 1);
}

function asideOf(
  difference: Difference,
  there: StoredObject | undefined,
  here: StoredObject | undefined,
  writers: Writer[],
): Aside | undefined {
  const object = there ?? here;
  if (!object || keepsData.has(object.kind)) {
    return there && here && there.wanted === here.wanted ? "status" : undefined;
  }
  if (object.controller) return "controlled";
  if (there && here && there.apiVersion === here.apiVersion && there.wanted === here.wanted) return "status";
  // the controller manager makes one in each namespace; seen with v1.36.3: it has no managedFields
  if (
    difference === "only there" &&
    object.kind === "ServiceAccount" &&
    object.name === "default" &&
    writers.length === 0
  )
    return "components";
  return difference !== "deleted there" && writers.length > 0 && writers.every((w) => components.has(w.manager))
    ? "components"
    : undefined;
}

/**
 * One differing key as an object.
 *
 * @param values of the key on the lost side and in the failover's data; undefined where it isn't, or wasn't read
 * @param now how the living cluster has it
 */
export function lostObject(
  { key, difference }: { key: string; difference: Difference },
  prefix: string,
  values: { there: Buffer | undefined; here: Buffer | undefined },
  now: Now,
): LostObject {
  const there = values.there && readStored(values.there);
  const here = values.here && readStored(values.here);
  const object = objectIn(there) ?? objectIn(here);
  const named = partsOf(key, prefix);
  const writers =
    difference === "deleted there" || !objectIn(there)
      ? []
      : writersSince(objectIn(there) as StoredObject, objectIn(here));
  return {
    difference,
    key,
    apiVersion: object?.apiVersion ?? "",
    kind: object?.kind ?? named.resource,
    namespace: object ? object.namespace : named.namespace,
    name: object?.name || named.name,
    time: writers[0]?.time ?? (difference === "only there" ? object?.created : undefined),
    by: [...new Set(writers.map((w) => w.manager))],
    now,
    encrypted: (there ?? here)?.kind === "encrypted",
    controller: object?.controller,
    aside: isMachinery(key, prefix) ? "machinery" : asideOf(difference, objectIn(there), objectIn(here), writers),
  };
}

const objectIn = (stored: Stored | undefined): StoredObject | undefined =>
  stored?.kind === "object" ? stored.object : undefined;

/** How the living cluster has the key now. @param living its keys; undefined if none of its etcds answered */
export function nowOf(key: string, base: Map<string, number>, living: Map<string, number> | undefined): Now {
  if (!living) return "not known";
  const modified = living.get(key);
  if (modified === undefined) return "not there";
  return modified === base.get(key) ? "as at the failover" : "changed since";
}
