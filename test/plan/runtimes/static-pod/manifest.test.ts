import assert from "node:assert/strict";
import { parse } from "yaml";
import { goYaml, type Plain } from "../../../../plan/runtimes/static-pod/go-yaml";
import { readManifest, writeManifest } from "../../../../plan/runtimes/static-pod/manifest";
import type { Pod } from "../../../../plan/runtimes/static-pod/pod";
import { read, recordings } from "../../installers/kubeadm/recordings";

describe("YAML as Go writes it", () => {
  for (const [what, value, text] of [
    ["keys in natural order", { a10: 1, a9: 2, "a.b": 3, ab: 4 }, "a.b: 3\na9: 2\na10: 1\nab: 4\n"],
    ["a list isn't indented below its key", { a: [1, { b: "c", d: "e" }] }, "a:\n- 1\n- b: c\n  d: e\n"],
    ["nothing in it", { a: {}, b: [], c: null }, "a: {}\nb: []\nc: null\n"],
    ["a text that reads as a number", { a: "10", b: "0x1f", c: "1_000" }, 'a: "10"\nb: "0x1f"\nc: "1_000"\n'],
    ["a text that reads as yes or no", { a: "on", b: "Y", c: "once" }, 'a: "on"\nb: "Y"\nc: once\n'],
    ["brackets", { a: "[::1]:6443", b: "::1" }, "a: '[::1]:6443'\nb: ::1\n"],
    ["no text at all", { a: "" }, 'a: ""\n'],
    ["several lines", { a: "b\nc\n" }, "a: |\n  b\n  c\n"],
    ["a list of lists", { a: [["b"]] }, "a:\n- - b\n"],
  ] as [string, Plain, string][]) {
    it(what, () => {
      assert.equal(goYaml(value), text);
      assert.deepEqual(parse(text, { version: "1.1" }), value);
    });
  }

  it("writes what it reads in every ConfigMap and Node of a real cluster", () => {
    for (const name of ["cm-kubeadm-config", "cm-kubelet-config", "node-cp1"]) {
      const text = read(`kubeadm/live/${name}.yaml`);
      assert.equal(goYaml(parse(text)), text, name);
    }
  });
});

describe("a manifest that is read from a host", () => {
  for (const { topology, host, manifests } of recordings().filter((r) => r.host.name === "cp1")) {
    it(`${topology}: ${host.name}'s are written again as they were`, () => {
      for (const [file, text] of Object.entries(manifests)) {
        const { pod, name } = readManifest(text, file);
        assert.equal(`${name}.yaml`, file);
        assert.equal(writeManifest(pod as unknown as Pod), text);
      }
    });
  }

  it("keeps containers that a patch added, and tells of the one that is named as the pod", () => {
    const text = [
      "kind: Pod",
      "metadata: {name: etcd}",
      "spec:",
      "  containers:",
      "  - {name: side, image: side:1}",
      "  - {name: etcd, image: etcd:3, command: [etcd], args: [--name=cp1]}",
    ].join("\n");
    const found = readManifest(text, "etcd.yaml");
    assert.deepEqual(
      [found.image, found.command, found.containers],
      ["etcd:3", ["etcd", "--name=cp1"], ["side", "etcd"]],
    );
  });

  for (const [what, text, pattern] of [
    ["no YAML", "a: b: c", /^Error: etcd\.yaml: is not YAML: /],
    ["no Pod", "kind: Job", /^Error: etcd\.yaml: is not a Pod: "Job"$/],
    ["nothing", "", /^Error: etcd\.yaml: is not a Pod: null$/],
    ["no container", "kind: Pod\nmetadata: {name: etcd}", /has no name, or no container with an image: "etcd"$/],
  ] as const) {
    it(`${what}: says so`, () => assert.throws(() => readManifest(text, "etcd.yaml"), pattern));
  }
});
