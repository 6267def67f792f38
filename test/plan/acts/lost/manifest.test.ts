import assert from "node:assert/strict";
import { parse } from "yaml";
import { manifestOf } from "../../../../plan/acts/lost/manifest";

const metadata = {
  name: "n",
  namespace: "d",
  labels: { app: "on" },
  annotations: { "pv.kubernetes.io/bind-completed": "yes", mine: "1" },
  uid: "u",
  resourceVersion: "7",
  generation: 2,
  creationTimestamp: "2026-11-21T12:00:00Z",
  ownerReferences: [{ uid: "gone" }],
  finalizers: ["mine"],
  managedFields: [{}],
};
const of = (kind: string, rest: object, only = true) => {
  const { file, text } = manifestOf({ apiVersion: "v1", kind, metadata, ...rest }, only);
  return { file, text, read: parse(text) };
};

describe("a manifest of an object that is lost", () => {
  it("has nothing of the object that is gone: no UID, revision, owner or status", () => {
    const { read, text } = of("ConfigMap", { data: { a: "b" }, status: { x: 1 } });
    const { labels, annotations, finalizers, name, namespace } = metadata;
    const kept = { name, namespace, labels, annotations, finalizers };
    assert.deepEqual(read, { apiVersion: "v1", kind: "ConfigMap", metadata: kept, data: { a: "b" } });
    // YAML 1.1, which kubectl reads, takes on for true
    assert.match(text, /app: "on"/);
  });

  it("of a Service asks for a new address only if the cluster doesn't have the Service, and keeps None", () => {
    const spec = {
      clusterIP: "10.43.0.9",
      clusterIPs: ["10.43.0.9"],
      healthCheckNodePort: 3,
      ports: [{ nodePort: 30001 }],
    };
    assert.deepEqual(of("Service", { spec }).read.spec, { ports: [{ nodePort: 30001 }] });
    assert.deepEqual(of("Service", { spec }, false).read.spec, spec);
    assert.deepEqual(of("Service", { spec: { clusterIP: "None" } }).read.spec, { clusterIP: "None" });
  });

  it("of a volume and its claim lets them find each other again by name", () => {
    const claimRef = { name: "c", namespace: "d", uid: "u", resourceVersion: "7" };
    assert.deepEqual(of("PersistentVolume", { spec: { claimRef } }).read.spec.claimRef, { name: "c", namespace: "d" });
    const claim = of("PersistentVolumeClaim", { spec: { volumeName: "v" } }).read;
    assert.deepEqual([claim.spec.volumeName, claim.metadata.annotations], ["v", { mine: "1" }]);
  });

  it("of a Pod and of a Job has no host and no UID of what is gone", () => {
    assert.deepEqual(of("Pod", { spec: { nodeName: "master1", containers: [] } }).read.spec, { containers: [] });
    const labels = { "batch.kubernetes.io/controller-uid": "u", "controller-uid": "u", "job-name": "n", mine: "1" };
    const job = of("Job", { spec: { selector: {}, template: { metadata: { labels } } } }).read;
    assert.deepEqual(job.spec, { template: { metadata: { labels: { mine: "1" } } } });
  });

  it("sorts behind what it needs, and its file's name has no character that a shell or a disk minds", () => {
    const files = ["Deployment", "Namespace", "ConfigMap", "CustomResourceDefinition"].map((kind) => of(kind, {}).file);
    assert.deepEqual(files.sort(), [
      "00-namespace-d-n.yaml",
      "10-customresourcedefinition-d-n.yaml",
      "30-configmap-d-n.yaml",
      "40-deployment-d-n.yaml",
    ]);
    const role = manifestOf({ kind: "ClusterRole", metadata: { name: "system:../x" } }, true);
    assert.equal(role.file, "40-clusterrole-system_.._x.yaml");
  });
});
