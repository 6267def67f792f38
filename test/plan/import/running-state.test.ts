import assert from "node:assert/strict";
import { parse, stringify } from "yaml";
import { parseTopology } from "../../../plan/declaration/declaration";
import { importTopology } from "../../../plan/import/import";
import { type RunningState, runningState } from "../../../plan/import/running-state";
import { render } from "../../../plan/review/rendering";

const images = {
  etcd: "rancher/mirrored-coreos-etcd:v3.5.17",
  kubernetes: "rke-extended-life/hyperkube:v1.32.99-rancher1",
  kubernetesServicesSidecar: "rancher/rke-tools:v0.1.120",
  alpine: "rancher/rke-tools:v0.1.120",
};
const state = {
  desiredState: {},
  currentState: { rkeConfig: { kubernetesVersion: "v1.32.99-rancher1-1", systemImages: images } },
};
const text = JSON.stringify(state);
const base64 = Buffer.from(text).toString("base64");

describe("what RKE wrote of a cluster that runs", () => {
  const expected: RunningState = {
    kubernetesVersion: "v1.32.99-rancher1-1",
    images: {
      etcd: images.etcd,
      kubernetes: images.kubernetes,
      kubernetes_services_sidecar: images.kubernetesServicesSidecar,
    },
  };
  for (const [what, value] of [
    ["cluster.rkestate", state],
    ["the ConfigMap of RKE before v1.4.19", { kind: "ConfigMap", data: { "full-cluster-state": text } }],
    ["the Secret of later releases", { kind: "Secret", data: { "full-cluster-state": base64 } }],
  ] as const) {
    it(`is read from ${what}`, () => assert.deepEqual(runningState(value), expected));
  }

  it("lacks what a state of before it lacks", () =>
    assert.deepEqual(runningState({ currentState: { rkeConfig: { nodes: [] } } }), {
      kubernetesVersion: undefined,
      images: undefined,
    }));

  for (const [what, value, words] of [
    ["a cluster that was never built", { desiredState: {} }, /lacks currentState$/],
    [
      "another Secret",
      { kind: "Secret", data: { password: "SEEDED" } },
      /^is a Secret without the key full-cluster-state$/,
    ],
    ["a broken ConfigMap", { kind: "ConfigMap", data: { "full-cluster-state": "SEEDED" } }, /is not JSON$/],
  ] as const) {
    it(`refuses ${what} without repeating it`, () =>
      assert.throws(
        () => runningState(value),
        (e) => e instanceof Error && words.test(e.message) && !/SEEDED/.test(e.message),
      ));
  }
});

describe("an import that knows what runs", () => {
  const clusterYml = (change: object = {}) =>
    stringify({
      nodes: [
        { hostname_override: "host-1", address: "192.0.2.1", user: "root", role: ["controlplane", "etcd"] },
        { hostname_override: "host-2", address: "192.0.2.2", user: "root", role: ["controlplane", "etcd"] },
      ],
      ...change,
    });
  const imported = (change: object, running?: unknown) =>
    importTopology(clusterYml(change), {
      datacenters: { a: ["host-1"], b: ["host-2"] },
      standby: "b",
      state: running === undefined ? undefined : runningState(running),
    });

  it("takes a version and images that are in no table, with a warning", () => {
    const read = imported({ kubernetes_version: "v1.32.99-rancher1-1" }, state);
    const topology = parseTopology(parse(read));
    assert.deepEqual(
      [topology.kubernetesVersion, topology.rkeVersion, topology.rke.system_images],
      ["v1.32.99-rancher1-1", "v1.8.14", runningState(state).images],
    );
    assert.match(
      read,
      /^# - rke\.system_images: .*this program doesn't know v1\.32\.99-rancher1-1; arguments are those of the nearest/m,
    );
    const { processes } = render(topology, { stack: "primary" });
    assert.equal(processes["host-1/etcd"]?.image, images.etcd);
    assert.equal(processes["host-1/kube-apiserver"]?.image, images.kubernetes);
  });

  it("takes a version of a minor version after the table, too", () => {
    const running = JSON.parse(text.replaceAll("v1.32.99", "v1.34.1")) as unknown;
    const topology = parseTopology(parse(imported({ kubernetes_version: "v1.34.1-rancher1-1" }, running)));
    const { processes } = render(topology, { stack: "primary" });
    assert.ok(
      processes["host-1/kube-apiserver"]?.command?.includes(
        "--admission-control-config-file=/etc/kubernetes/admission.yaml",
      ),
    );
  });

  it("refuses such a version without a state, and says what knows it", () =>
    assert.throws(() => imported({ kubernetes_version: "v1.32.99-rancher1-1" }), /--state/));

  it("takes the version that RKE deployed where cluster.yml says none", () => {
    const running = { currentState: { rkeConfig: { kubernetesVersion: "v1.24.17-rancher1-1" } } };
    const topology = parseTopology(parse(imported({}, running)));
    assert.deepEqual([topology.kubernetesVersion, topology.rkeVersion], ["v1.24.17-rancher1-1", "v1.3.24"]);
  });

  it("warns of a version that the next `rke up` would change, and takes cluster.yml's", () => {
    const read = imported({ kubernetes_version: "v1.20.5-rancher1-1" }, state);
    assert.equal(parseTopology(parse(read)).kubernetesVersion, "v1.20.5-rancher1-1");
    assert.match(read, /^# - kubernetes_version: v1\.20\.5-rancher1-1, but RKE deployed v1\.32\.99-rancher1-1 last/m);
    assert.equal(parseTopology(parse(read)).rke.system_images, undefined);
  });

  it("says nothing of images that this program takes as well", () => {
    const known = {
      currentState: {
        rkeConfig: {
          kubernetesVersion: "v1.20.5-rancher1-1",
          systemImages: {
            etcd: "rancher/coreos-etcd:v3.4.14-rancher1",
            kubernetes: "rancher/hyperkube:v1.20.5-rancher1",
            kubernetesServicesSidecar: "rancher/rke-tools:v0.1.72",
          },
        },
      },
    };
    assert.equal(
      imported({ kubernetes_version: "v1.20.5-rancher1-1" }, known),
      imported({ kubernetes_version: "v1.20.5-rancher1-1" }),
    );
  });
});
