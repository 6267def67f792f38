import { strict as assert } from "node:assert";
import { diffObject } from "../../../stand-ins/pulumi/kubernetes/diff.js";
import { KINDS, type Kind, replacingPaths } from "../../../stand-ins/pulumi/kubernetes/kinds.js";
import { takeOver } from "../../../stand-ins/pulumi/kubernetes/managers.js";
import { parseState, stateOf } from "../../../stand-ins/pulumi/kubernetes/object.js";
import { checkSettings, diffSettings, settingsOf } from "../../../stand-ins/pulumi/kubernetes/settings.js";
import { secret, UNKNOWN, type ValueMap } from "../../../stand-ins/pulumi/serve/wire.js";

/** Decisions that need no cluster, with what the official provider decided (golden k8s-04 to 07 and 13, 14; k8sopts-02, 05). */

const configMap = KINDS["kubernetes:core/v1:ConfigMap"] as Kind;
const nodePatch = KINDS["kubernetes:core/v1:NodePatch"] as Kind;

function cm(metadata: ValueMap, data: ValueMap | string, more: ValueMap = {}): ValueMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "cm", namespace: "default", ...metadata },
    data,
    ...more,
  };
}

function node(labels: ValueMap): ValueMap {
  return { apiVersion: "v1", kind: "Node", metadata: { name: "node1", labels } };
}

function diff(kind: Kind, old: ValueMap, now: ValueMap, mutable = false, ignoreChanges: string[] = []) {
  const server = { uid: "u", resourceVersion: "1", creationTimestamp: "t" };
  const live = { ...old, metadata: { ...(old.metadata as ValueMap), ...server }, status: { phase: "x" } };
  const { inputs: oldInputs, live: oldLive } = parseState(stateOf(live, old, old, "manager"));
  const replacing = replacingPaths(kind, now, mutable);
  const { detailed = {}, ...rest } = diffObject({
    oldInputs,
    oldLive,
    news: now,
    namespaced: kind.namespaced,
    replacing,
    ignoreChanges,
  });
  const kinds = Object.entries(detailed).map(([path, { kind: what, replace, input }]) => [
    path,
    what + (replace ? "-replace" : "") + (input ? " (input)" : ""),
  ]);
  return { ...rest, detailed: Object.fromEntries(kinds) };
}

describe("the stand-in for the kubernetes provider: diffs", () => {
  const base = cm({ labels: { a: "1" } }, { key: "one" });
  const rows: [string, ReturnType<typeof diff>, Partial<ReturnType<typeof diff>>][] = [
    ["nothing", diff(configMap, base, base), { changed: false, detailed: {}, deleteBeforeReplace: false }],
    [
      "data and labels",
      diff(configMap, base, cm({ labels: { a: "2", b: "3" } }, { key: "two" })),
      {
        detailed: { "data.key": "update-replace", "metadata.labels.a": "update", "metadata.labels.b": "add" },
        replaces: ["data.key"],
        deleteBeforeReplace: true,
      },
    ],
    [
      "data of a mutable ConfigMap",
      diff(configMap, base, cm({ labels: { a: "1" } }, { key: "two" }), true),
      { detailed: { "data.key": "update" }, replaces: [], deleteBeforeReplace: false },
    ],
    [
      "data of an immutable ConfigMap, other ones being mutable",
      diff(configMap, cm({}, { key: "one" }, { immutable: true }), cm({}, { key: "two" }, { immutable: true }), true),
      { detailed: { "data.key": "update-replace" }, deleteBeforeReplace: true },
    ],
    [
      "a label goes",
      diff(configMap, cm({ labels: { a: "2", b: "3" } }, {}), cm({ labels: { a: "2" } }, {})),
      { detailed: { "metadata.labels.b": "delete (input)" }, replaces: [] },
    ],
    [
      "another name",
      diff(configMap, base, cm({ labels: { a: "1" }, name: "cm-renamed" }, { key: "one" })),
      { detailed: { "metadata.name": "update-replace" }, replaces: ["metadata.name"], deleteBeforeReplace: false },
    ],
    [
      "annotations come",
      diff(configMap, base, cm({ labels: { a: "1" }, annotations: { x: "y" } }, { key: "one" })),
      { detailed: { "metadata.annotations": "add" }, replaces: [] },
    ],
    [
      "data that isn't known yet",
      diff(configMap, base, cm({ labels: { a: "1" } }, UNKNOWN)),
      { replaces: ["data.key"], deleteBeforeReplace: true },
    ],
    [
      "a drawn name doesn't collide",
      diff(
        configMap,
        cm({ name: "auto-1", annotations: { "pulumi.com/autonamed": "true" } }, { key: "one" }),
        cm({ name: "auto-1", annotations: { "pulumi.com/autonamed": "true" } }, { key: "two" }),
      ),
      { replaces: ["data.key"], deleteBeforeReplace: false },
    ],
    [
      "ignored changes",
      diff(configMap, base, cm({ labels: { a: "1" } }, { key: "two" }), false, ["data"]),
      { changed: false, detailed: {} },
    ],
    [
      "a patch's labels",
      diff(nodePatch, node({ dc: "a", role: "primary" }), node({ dc: "a", role: "standby", extra: "x" })),
      { detailed: { "metadata.labels.role": "update", "metadata.labels.extra": "add" }, replaces: [] },
    ],
  ];
  for (const [name, actual, expected] of rows) {
    it(name, () => {
      const keys = Object.keys(expected) as (keyof typeof expected)[];
      assert.deepEqual(Object.fromEntries(keys.map((key) => [key, actual[key]])), expected);
    });
  }
});

describe("the stand-in for the kubernetes provider: its own configuration", () => {
  const kubeconfig = (server: string, user = "u") =>
    JSON.stringify({
      clusters: [{ name: "c", cluster: { server } }],
      contexts: [{ name: "x", context: { cluster: "c", user } }],
      "current-context": "x",
    });
  const [one, two] = [kubeconfig("https://one"), kubeconfig("https://two")];
  const rows: [string, ValueMap, ValueMap, string[], string[]][] = [
    ["nothing", { kubeconfig: one }, { kubeconfig: one }, [], []],
    ["another user", { kubeconfig: one }, { kubeconfig: kubeconfig("https://one", "v") }, ["kubeconfig"], []],
    ["another server", { kubeconfig: one }, { kubeconfig: two }, ["kubeconfig"], ["kubeconfig"]],
    ["identifier comes", { kubeconfig: one }, { kubeconfig: one, clusterIdentifier: "i" }, ["clusterIdentifier"], []],
    [
      "another server of the same cluster",
      { kubeconfig: one, clusterIdentifier: "i" },
      { kubeconfig: two, clusterIdentifier: "i" },
      ["kubeconfig"],
      [],
    ],
    [
      "another cluster",
      { kubeconfig: one, clusterIdentifier: "i" },
      { kubeconfig: one, clusterIdentifier: "j" },
      ["clusterIdentifier"],
      ["clusterIdentifier"],
    ],
    ["unknown", { kubeconfig: one }, { kubeconfig: UNKNOWN }, ["kubeconfig"], ["kubeconfig"]],
    ["secrecy is no difference", { kubeconfig: one }, { kubeconfig: secret(one) }, [], []],
  ];
  for (const [name, olds, news, diffs, replaces] of rows) {
    it(name, () => {
      const actual = diffSettings({ olds, news, oldInputs: olds, ignoreChanges: [] });
      assert.deepEqual([actual.diffs ?? [], actual.replaces ?? []], [diffs, replaces]);
    });
  }

  it("refuses by name what it doesn't have", () => {
    const { failures } = checkSettings({ kubeconfig: "x", renderYamlToDirectory: "y", enableServerSideApply: "false" });
    assert.deepEqual(
      failures?.map(({ property }) => property),
      ["renderYamlToDirectory", "enableServerSideApply"],
    );
  });

  it("reads booleans as the SDK sends them", () => {
    const { skipUpdateUnreachable, deleteUnreachable } = settingsOf({
      skipUpdateUnreachable: "true",
      deleteUnreachable: "false",
    });
    assert.deepEqual([skipUpdateUnreachable, deleteUnreachable], [true, false]);
  });
});

describe("the stand-in for the kubernetes provider: field managers", () => {
  const entry = (manager: string, operation: string, ...keys: string[]) => ({
    manager,
    operation,
    fieldsV1: { "f:data": Object.fromEntries(keys.map((key) => [`f:${key}`, {}])) },
  });

  it("takes over what was created, and leaves others their fields", () => {
    const managedFields = [entry("pulumi-kubernetes", "Update", "a", "b"), entry("kubectl-label", "Update", "c")];
    const taken = takeOver({ metadata: { managedFields } }, "pulumi-kubernetes-12345678");
    const expected = [entry("kubectl-label", "Update", "c"), entry("pulumi-kubernetes-12345678", "Apply", "a", "b")];
    assert.deepEqual(taken, expected);
  });

  it("adds to what it has", () => {
    const managedFields = [entry("me", "Apply", "a"), entry("kubectl", "Update", "b")];
    assert.deepEqual(takeOver({ metadata: { managedFields } }, "me"), [entry("me", "Apply", "a", "b")]);
  });

  it("has nothing to take", () => {
    assert.equal(takeOver({ metadata: { managedFields: [entry("me", "Apply", "a")] } }, "me"), undefined);
  });
});
