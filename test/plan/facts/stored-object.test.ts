import assert from "node:assert/strict";
import { Writer } from "protobufjs/minimal";
import { readStored, type StoredObject } from "../../../plan/facts/stored-object";

type Value = number | string | Uint8Array;
/** A protobuf message of these fields. */
function message(...fields: [number, Value][]): Uint8Array {
  const writer = Writer.create();
  for (const [number, value] of fields) {
    if (typeof value === "number") writer.uint32(number << 3).int64(value);
    else if (typeof value === "string") writer.uint32((number << 3) | 2).string(value);
    else writer.uint32((number << 3) | 2).bytes(value);
  }
  return writer.finish();
}

const seconds = Date.parse("2026-11-21T12:00:00Z") / 1000;
const writer = (manager: string, subresource = "") =>
  message([1, manager], [2, "Update"], [3, "v1"], [4, message([1, seconds])], [6, "FieldsV1"], [8, subresource]);

/** An object as Kubernetes stores it (apimachinery v0.36.3, generated.proto): "k8s\0" and a runtime.Unknown. */
function stored(apiVersion: string, kind: string, metadata: [number, Value][], ...rest: [number, Value][]): Buffer {
  const raw = message([1, message(...metadata)], ...rest);
  const unknown = message([1, message([1, apiVersion], [2, kind])], [2, raw], [3, ""], [4, ""]);
  return Buffer.concat([Buffer.from("k8s\0", "latin1"), unknown]);
}

function object(value: Buffer): StoredObject {
  const read = readStored(value);
  assert.equal(read.kind, "object");
  return (read as { object: StoredObject }).object;
}

const meta: [number, Value][] = [
  [1, "web-1"],
  [3, "shop"],
  [5, "uid-1"],
  [7, 4],
  [8, message([1, seconds])],
  [11, message([1, "app"], [2, "web"])],
  [13, message([1, "ReplicaSet"], [3, "web"], [4, "uid-2"], [5, "apps/v1"], [6, 1], [7, 1])],
  [17, writer("kubelet", "status")],
];

describe("a value of etcd's", () => {
  it("that is protobuf: kind, name, writers and controller are read", () => {
    const read = object(stored("v1", "Pod", meta, [2, "spec"], [3, "status"]));
    assert.equal(`${read.apiVersion} ${read.kind} ${read.namespace}/${read.name}`, "v1 Pod shop/web-1");
    assert.equal(read.created, seconds * 1000);
    assert.deepEqual(read.writers, [
      { manager: "kubelet", operation: "Update", subresource: "status", time: seconds * 1000 },
    ]);
    assert.deepEqual(read.controller, { kind: "ReplicaSet", name: "web" });
  });

  it("that is JSON: the same is read, and the whole object is kept", () => {
    const json = {
      apiVersion: "test.rke-dr/v1",
      kind: "Well",
      metadata: {
        name: "deep",
        namespace: "shop",
        creationTimestamp: "2026-11-21T12:00:00Z",
        managedFields: [{ manager: "kubectl", operation: "Apply", time: "2026-11-21T12:00:00Z" }],
      },
      depth: 3,
    };
    const read = object(Buffer.from(`${JSON.stringify(json)}\n`));
    assert.equal(`${read.apiVersion} ${read.kind} ${read.namespace}/${read.name}`, "test.rke-dr/v1 Well shop/deep");
    assert.deepEqual(read.writers[0], {
      manager: "kubectl",
      operation: "Apply",
      subresource: "",
      time: seconds * 1000,
    });
    assert.deepEqual(read.json, json);
  });

  const wanted = (kind: string, metadata: [number, Value][], ...rest: [number, Value][]) =>
    object(stored("v1", kind, metadata, ...rest)).wanted;

  it("differs in its status alone if spec and metadata are equal but for what the API server keeps there", () => {
    const one = wanted("Pod", meta, [2, "spec"], [3, "status"]);
    const later = meta.map(([n, v]): [number, Value] => (n === 7 ? [7, 5] : n === 17 ? [17, writer("other")] : [n, v]));
    assert.equal(wanted("Pod", later, [2, "spec"], [3, "other"]), one);
    assert.notEqual(wanted("Pod", meta, [2, "other"], [3, "status"]), one);
    assert.notEqual(wanted("Pod", [...meta, [14, "finalizer"]], [2, "spec"], [3, "status"]), one);
  });

  it("has no status in its field 3 if it is a ConfigMap: that is its binary data", () =>
    assert.notEqual(wanted("ConfigMap", meta, [2, "a"], [3, "b"]), wanted("ConfigMap", meta, [2, "a"], [3, "c"])));

  it("of JSON differs in its status alone, whatever the order of its keys", () => {
    const of = (text: string) => object(Buffer.from(text)).wanted;
    const head = `"apiVersion":"a/v1","kind":"K","metadata":{"name":"n","resourceVersion":`;
    assert.equal(
      of(`{${head}"1"},"spec":{"a":1,"b":2},"status":1}`),
      of(`{"spec":{"b":2,"a":1},${head}"2"},"status":2}`),
    );
    assert.notEqual(of(`{${head}"1"},"spec":{"a":1}}`), of(`{${head}"1"},"spec":{"a":2}}`));
  });

  it("is named as encrypted if the API server encrypted it", () =>
    assert.deepEqual(readStored(Buffer.from("k8s:enc:aescbc:v1:key1:\u0001\u0002", "latin1")), { kind: "encrypted" }));

  it("is unreadable if it is cut, or no object", () => {
    const whole = stored("v1", "Pod", meta, [2, "spec"]);
    for (const value of [whole.subarray(0, whole.length - 30), Buffer.from("7"), Buffer.from("{}"), Buffer.alloc(0)])
      assert.deepEqual(readStored(value), { kind: "unreadable" });
  });
});
