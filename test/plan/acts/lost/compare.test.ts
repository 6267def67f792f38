import assert from "node:assert/strict";
import {
  differingKeys,
  isMachinery,
  type Key,
  type LostObject,
  lostObject,
  nowOf,
  readKeys,
  readValue,
} from "../../../../plan/acts/lost/compare";
import { type LostReport, lostMarkdown } from "../../../../plan/acts/lost/report";

const keys = (revision: number, of: Record<string, number>) => ({
  revision,
  keys: Object.entries(of).map(([key, modified]): Key => ({ key, modified })),
});

describe("keys of the lost side and of the failover's data", () => {
  it("differ if the lost side wrote or deleted them; what only the survivor wrote is no difference", () => {
    const base = keys(100, { "/r/equal": 10, "/r/changed": 20, "/r/deleted": 30, "/r/ahead": 99 });
    const lost = keys(140, { "/r/equal": 10, "/r/changed": 130, "/r/new": 120, "/r/ahead": 99 });
    assert.deepEqual(differingKeys(lost, base), [
      { key: "/r/new", difference: "only there" },
      { key: "/r/changed", difference: "newer there" },
      { key: "/r/deleted", difference: "deleted there" },
    ]);
  });

  it("don't differ if the lost side's data is merely behind", () => {
    const base = keys(100, { "/r/a": 10, "/r/b": 99, "/r/c": 95 });
    assert.deepEqual(differingKeys(keys(90, { "/r/a": 10, "/r/c": 80 }), base), []);
  });

  it("are read from etcdctl's answers", () => {
    const b64 = (text: string) => Buffer.from(text).toString("base64");
    const answer = JSON.stringify({ header: { revision: 7 }, kvs: [{ key: b64("/r/a"), mod_revision: 5 }] });
    assert.deepEqual(readKeys(answer), keys(7, { "/r/a": 5 }));
    assert.deepEqual(readKeys('{"header":{"revision":7}}'), keys(7, {}));
    assert.equal(readValue(JSON.stringify({ header: {}, kvs: [{ value: b64("x") }] }))?.toString(), "x");
    assert.equal(readValue('{"header":{}}'), undefined);
  });

  it("are in the living cluster as at the failover, changed since, or not there", () => {
    const base = new Map([["/r/a", 5]]);
    const now = (living: [string, number][]) => nowOf("/r/a", base, new Map(living));
    assert.deepEqual(
      [now([["/r/a", 5]]), now([["/r/a", 1005]]), now([]), nowOf("/r/a", base, undefined)],
      ["as at the failover", "changed since", "not there", "not known"],
    );
  });

  it("of Leases, Events and allocated addresses are the control plane's own, those of Services are not", () => {
    const own = ["leases/kube-node-lease/n", "events/default/e", "masterleases/10.0.0.1", "ranges/serviceips"];
    for (const key of own) assert.ok(isMachinery(`/registry/${key}`, "/registry"), key);
    for (const key of ["services/specs/default/leases", "configmaps/events/e", "test.io/wells/default/w"])
      assert.ok(!isMachinery(`/registry/${key}`, "/registry"), key);
  });
});

describe("an object of the lost side", () => {
  const at = (second: number) => `2026-11-21T12:00:0${second}Z`;
  const json = (kind: string, content: object, writers: [string, number][], metadata: object = {}) =>
    Buffer.from(
      JSON.stringify({
        apiVersion: "v1",
        kind,
        metadata: {
          name: "n",
          namespace: "d",
          managedFields: writers.map(([manager, second]) => ({ manager, operation: "Update", time: at(second) })),
          ...metadata,
        },
        ...content,
      }),
    );
  const of = (there: Buffer | undefined, here: Buffer | undefined, key = "/registry/things/d/n"): LostObject =>
    lostObject(
      { key, difference: !there ? "deleted there" : here ? "newer there" : "only there" },
      "/registry",
      { there, here },
      "not known",
    );

  it("has the time and the names of those who wrote to it since, the last one first", () => {
    const object = of(
      json("Thing", { a: 2 }, [
        ["early", 1],
        ["kubectl-edit", 4],
        ["other", 3],
      ]),
      json("Thing", { a: 1 }, [
        ["early", 1],
        ["other", 2],
      ]),
    );
    assert.deepEqual([object.by, object.time], [["kubectl-edit", "other"], Date.parse(at(4))]);
    assert.equal(object.aside, undefined);
  });

  it("is only counted if nothing but its status differs", () =>
    assert.equal(
      of(json("Thing", { a: 1, status: 2 }, [["x", 2]]), json("Thing", { a: 1, status: 1 }, [["x", 1]])).aside,
      "status",
    ));

  it("is only counted if another object controls it, also if it was deleted", () => {
    const owned = { ownerReferences: [{ kind: "ReplicaSet", name: "web", controller: true }] };
    assert.equal(of(json("Pod", {}, [["x", 1]], owned), undefined).aside, "controlled");
    assert.equal(of(undefined, json("Pod", {}, [["x", 1]], owned)).aside, "controlled");
  });

  it("is only counted if Kubernetes' own components alone wrote to it, unless it is a volume", () => {
    assert.equal(of(json("ConfigMap", {}, [["kube-controller-manager", 1]]), undefined).aside, "components");
    assert.equal(
      of(
        json("ConfigMap", {}, [
          ["kube-controller-manager", 1],
          ["helm", 2],
        ]),
        undefined,
      ).aside,
      undefined,
    );
    assert.equal(of(json("PersistentVolumeClaim", {}, [["kube-controller-manager", 1]]), undefined).aside, undefined);
  });

  it("is only counted if it is a namespace's default ServiceAccount that nobody but Kubernetes wrote to", () => {
    const account = (name: string, writers: [string, number][]) =>
      of(json("ServiceAccount", {}, writers, { name }), undefined).aside;
    assert.deepEqual(
      [account("default", []), account("default", [["kubectl", 1]]), account("mine", [])],
      ["components", undefined, undefined],
    );
  });

  it("that was deleted is named without time and author, which nobody keeps, and never as a component's", () => {
    const object = of(undefined, json("ConfigMap", {}, [["kube-controller-manager", 1]]));
    assert.deepEqual(
      [object.difference, object.time, object.by, object.aside],
      ["deleted there", undefined, [], undefined],
    );
  });

  it("that is encrypted, or no object, is named by its key", () => {
    const secret = of(Buffer.from("k8s:enc:aescbc:v1:k:x"), undefined, "/registry/secrets/shop/password");
    assert.deepEqual(
      [secret.kind, secret.namespace, secret.name, secret.encrypted, secret.aside],
      ["secrets", "shop", "password", true, undefined],
    );
    const odd = of(Buffer.from("?"), undefined, "/registry/test.io/wells/deep");
    assert.deepEqual([odd.kind, odd.namespace, odd.name, odd.encrypted], ["wells", "", "deep", false]);
  });

  it("stands in the report with what is counted below it", () => {
    const objects = [
      of(json("Thing", {}, [["kubectl", 4]]), undefined),
      of(undefined, undefined, "/registry/events/d/e"),
      of(Buffer.from("k8s:enc:aescbc:v1:k:x"), undefined, "/registry/secrets/shop/password"),
    ];
    const side = { host: "master1", path: "/p", revision: 9 };
    const report: LostReport = {
      cluster: "c",
      epoch: 2,
      datacenter: "a",
      there: side,
      base: side,
      others: [],
      expects: undefined,
      objects,
    };
    const text = lostMarkdown(report, false);
    assert.match(text, /^\| only there \| Thing \| d \| n \| 2026-11-21T12:00:04Z \| kubectl \| not known \|$/m);
    assert.match(
      text,
      /^\| only there, encrypted \| secrets \| shop \| password \| not known \| not known \| not known \|$/m,
    );
    assert.match(text, /^- 1 of the control plane itself .*: events 1$/m);
    assert.doesNotMatch(text, /^\| deleted/m);
    assert.match(lostMarkdown(report, true), /^\| deleted there \| events \| d \| e /m);
    assert.match(lostMarkdown({ ...report, objects: [] }, false), /Nothing: datacenter a has no object that differs/);
  });
});
