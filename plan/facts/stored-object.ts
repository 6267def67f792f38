import { Reader } from "protobufjs/minimal";
import { isMapping } from "../values/mapping";

/** A writer of an object: an entry of metadata.managedFields. */
export interface Writer {
  /** The name of the client or controller that wrote, such as `kubectl-create` or `kube-controller-manager`. */
  manager: string;
  operation: string;
  /** "status", "scale", ...; empty for the object itself. Kubernetes before 1.22 doesn't note it. */
  subresource: string;
  /** Unix milliseconds, to the second; undefined if Kubernetes noted none. */
  time: number | undefined;
}

/** An object of Kubernetes as etcd stores it. */
export interface StoredObject {
  apiVersion: string;
  kind: string;
  /** Empty for an object without a namespace. */
  namespace: string;
  name: string;
  /** Unix milliseconds. */
  created: number | undefined;
  writers: Writer[];
  /** The owner that controls it: the ReplicaSet of a Pod, the Service of an EndpointSlice. */
  controller: { kind: string; name: string } | undefined;
  /**
   * Everything that a user can ask for: the object without its status and without what the API server itself keeps in its metadata. Two
   * objects with equal text differ in their status alone.
   */
  wanted: string;
  /** The whole object if it is stored as JSON, as custom resources are. */
  json: Record<string, unknown> | undefined;
}

/** What etcd has under a key: an object, a value that the API server has encrypted, or something that isn't an object. */
export type Stored = { kind: "object"; object: StoredObject } | { kind: "encrypted" } | { kind: "unreadable" };

/** How a value begins that is encrypted at rest (apiserver/pkg/server/options/encryptionconfig: `k8s:enc:PROVIDER:VERSION:KEY:`). */
const encrypted = "k8s:enc:";
/** How a value begins that is protobuf (apimachinery/pkg/runtime/serializer/protobuf); behind it stands a runtime.Unknown. */
const protobuf = "k8s\0";

/** Reads a value of etcd's; it never throws. */
export function readStored(value: Buffer): Stored {
  const head = value.subarray(0, encrypted.length).toString("latin1");
  if (head === encrypted) return { kind: "encrypted" };
  try {
    const object = head.startsWith(protobuf) ? fromProtobuf(value.subarray(protobuf.length)) : fromJson(value);
    return object ? { kind: "object", object } : { kind: "unreadable" };
  } catch {
    return { kind: "unreadable" };
  }
}

/**
 * Kinds whose field 3 is their status (k8s.io/api and k8s.io/apiextensions-apiserver v0.36.3, generated.proto: metadata = 1, spec = 2, status = 3).
 * In other kinds the field 3 is something else, as a ConfigMap's binaryData.
 */
const withStatus = new Set([
  ...["APIService", "CertificateSigningRequest", "CronJob", "CustomResourceDefinition", "DaemonSet", "Deployment"],
  ...[
    "FlowSchema",
    "HorizontalPodAutoscaler",
    "Ingress",
    "Job",
    "Namespace",
    "NetworkPolicy",
    "Node",
    "PersistentVolume",
  ],
  ...["PersistentVolumeClaim", "Pod", "PodDisruptionBudget", "PriorityLevelConfiguration", "ReplicaSet"],
  ...[
    "ReplicationController",
    "ResourceClaim",
    "ResourceQuota",
    "Service",
    "ServiceCIDR",
    "StatefulSet",
    "StorageVersion",
  ],
  ...["ValidatingAdmissionPolicy", "VolumeAttachment"],
]);

/** The fields of ObjectMeta that the API server keeps: selfLink, resourceVersion, generation, managedFields. */
const kept = new Set([4, 6, 7, 17]);

/** Reads runtime.Unknown{1: TypeMeta{1: apiVersion, 2: kind}, 2: the object}; every object's field 1 is its ObjectMeta. */
function fromProtobuf(unknown: Uint8Array): StoredObject | undefined {
  const outer = fieldsOf(unknown);
  const raw = bytes(outer, 2);
  const type = fieldsOf(bytes(outer, 1) ?? new Uint8Array());
  const kind = text(type, 2);
  const parts = raw && fieldsOf(raw);
  const metadata = parts && bytes(parts, 1);
  if (!parts || !metadata || kind === "") return undefined;
  const meta = fieldsOf(metadata);
  const owner = meta
    .filter((f) => f.number === 13)
    .map((f) => fieldsOf(f.value as Uint8Array))
    .find((reference) => number(reference, 6) === 1);
  const wanted = [
    ...meta.filter((f) => !kept.has(f.number)).map((f) => ["metadata", f.number, hex(f.value)]),
    ...parts
      .filter((f) => f.number !== 1 && !(f.number === 3 && withStatus.has(kind)))
      .map((f) => [f.number, hex(f.value)]),
  ];
  return {
    apiVersion: text(type, 1),
    kind,
    namespace: text(meta, 3),
    name: text(meta, 1),
    created: time(bytes(meta, 8)),
    writers: meta
      .filter((f) => f.number === 17)
      .map((f) => {
        const entry = fieldsOf(f.value as Uint8Array);
        return {
          manager: text(entry, 1),
          operation: text(entry, 2),
          subresource: text(entry, 8),
          time: time(bytes(entry, 4)),
        };
      }),
    controller: owner && { kind: text(owner, 1), name: text(owner, 3) },
    wanted: JSON.stringify(wanted),
    json: undefined,
  };
}

interface JsonMeta {
  name?: string;
  namespace?: string;
  creationTimestamp?: string;
  ownerReferences?: { kind?: string; name?: string; controller?: boolean }[];
  managedFields?: { manager?: string; operation?: string; subresource?: string; time?: string }[];
}

function fromJson(value: Buffer): StoredObject | undefined {
  const json: unknown = JSON.parse(value.toString("utf8"));
  if (!isMapping(json) || !isMapping(json.metadata) || typeof json.kind !== "string") return undefined;
  const meta = json.metadata as JsonMeta;
  const owner = meta.ownerReferences?.find((reference) => reference.controller === true);
  const { selfLink: _s, resourceVersion: _r, generation: _g, managedFields: _m, ...metadata } = json.metadata;
  const { status: _status, ...rest } = json;
  return {
    apiVersion: String(json.apiVersion ?? ""),
    kind: json.kind,
    namespace: meta.namespace ?? "",
    name: meta.name ?? "",
    created: moment(meta.creationTimestamp),
    writers: (meta.managedFields ?? []).map((entry) => ({
      manager: entry.manager ?? "",
      operation: entry.operation ?? "",
      subresource: entry.subresource ?? "",
      time: moment(entry.time),
    })),
    controller: owner && { kind: owner.kind ?? "", name: owner.name ?? "" },
    wanted: JSON.stringify(sorted({ ...rest, metadata })),
    json,
  };
}

/** The same value with the keys of every object in alphabetical order, so that equal values have equal text. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

const moment = (time: string | undefined): number | undefined => {
  const at = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(at) ? undefined : at;
};

/** A field of a protobuf message: a varint as a number, a length-delimited one as bytes, fixed ones as bytes. */
interface Field {
  number: number;
  value: number | Uint8Array;
}

/** All fields of a message, in their order. @throws RangeError if the message is cut */
function fieldsOf(message: Uint8Array): Field[] {
  const reader = Reader.create(message);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const from = reader.pos;
    const wire = tag & 7;
    if (wire === 0) fields.push({ number: tag >>> 3, value: Number(reader.int64()) });
    else if (wire === 2) fields.push({ number: tag >>> 3, value: reader.bytes() });
    else {
      reader.skipType(wire);
      fields.push({ number: tag >>> 3, value: message.subarray(from, reader.pos) });
    }
  }
  return fields;
}

function bytes(fields: Field[], wanted: number): Uint8Array | undefined {
  const value = fields.find((f) => f.number === wanted)?.value;
  return value instanceof Uint8Array ? value : undefined;
}

function number(fields: Field[], wanted: number): number | undefined {
  const value = fields.find((f) => f.number === wanted)?.value;
  return typeof value === "number" ? value : undefined;
}

const text = (fields: Field[], wanted: number): string =>
  Buffer.from(bytes(fields, wanted) ?? new Uint8Array()).toString("utf8");

/** Unix milliseconds of a metav1.Time{1: seconds, 2: nanos}; undefined for the zero time, which Kubernetes stores as an empty message. */
function time(message: Uint8Array | undefined): number | undefined {
  const seconds = message && number(fieldsOf(message), 1);
  return seconds === undefined ? undefined : seconds * 1000;
}

const hex = (value: number | Uint8Array): string | number =>
  typeof value === "number" ? value : Buffer.from(value).toString("base64");
