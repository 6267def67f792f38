import assert from "node:assert/strict";
import { parseTopology } from "../../../plan/declaration/declaration";
import { versionNotes } from "../../../plan/guards/notes";
import { importTopology } from "../../../plan/import/import";
import { faultsOf, knownFaults, type Versions } from "../../../plan/installers/known-faults";
import { isAtLeast } from "../../../plan/installers/rke/releases/versions";
import { policyWords } from "../../../plan/review/policy";
import { survivors } from "../../../plan/topology/order";
import { afterLossOfA, survivor } from "../worlds/observations";
import { raw, seedHosts } from "../worlds/topologies";

/** RKE's Kubernetes 1.22.4 brings etcd 3.5.0. */
const withEtcd350 = (more: object = {}) =>
  parseTopology(raw(seedHosts, { kubernetesVersion: "v1.22.4-rancher1-1", rkeVersion: "v1.3.3", ...more }));

describe("known faults of versions", () => {
  const cases: [versions: Versions, faults: string[]][] = [
    [{ etcd: "3.4.14", docker: "20.10.24", rke: "v1.2.7" }, []],
    [{ etcd: "3.5.0" }, ["etcd-io/etcd#13766"]],
    [{ etcd: "3.5.2" }, ["etcd-io/etcd#13766"]],
    [{ etcd: "3.5.3" }, ["kubernetes/kubernetes#114064"]],
    [{ etcd: "3.5.6" }, []],
    [{ etcd: "3.5.21" }, ["measured, 3 of 3 runs; mended in 3.5.22"]],
    [{ docker: "29.0.1" }, []],
    [{ docker: "29.0.1", rke: "v1.3.0" }, []],
    [{ docker: "28.5.2", rke: "v1.2.7" }, []],
    [{ rke: "v1.4.3" }, []],
    [{ rke: "v1.4.23" }, []],
    [{ rke: "v1.5.9" }, []],
    [{ kubelet: "v1.16.15-rancher1-1" }, ["kubernetes/kubernetes#107115; dockershim left in 1.24"]],
    [{ kubelet: "v1.24.0-rancher1-1" }, ["kubernetes/kubernetes#87964"]],
    [{ etcd: "", docker: "unknown" }, []],
  ];
  for (const [versions, sources] of cases) {
    it(`${JSON.stringify(versions)}: ${sources.join(", ") || "none"}`, () =>
      assert.deepEqual(
        faultsOf(versions).map((row) => row.source),
        sources,
      ));
  }

  it("a docker that refuses RKE's API version is one only beside an RKE before 1.3", () =>
    assert.equal(faultsOf({ docker: "29.0.1", rke: "v1.2.7" }).length, 1));

  it("rke 1.4.22 and 1.5.8 restart a kube-apiserver", () =>
    assert.deepEqual(
      ["v1.4.22", "v1.5.8"].map((rke) => faultsOf({ rke }).length),
      [1, 1],
    ));

  it("each row has bounds in order, and a source", () => {
    for (const { from, below, source, fault, way } of knownFaults) {
      assert.ok(below === undefined || !isAtLeast(from, below), from);
      assert.ok(source !== "" && fault !== "" && way !== "");
    }
  });

  it("are told in preview, by the version that a host reports before the declared one", () => {
    const topology = parseTopology(raw(seedHosts));
    const left = survivors(topology, "a");
    assert.ok(left[0]);
    const etcd = { ...survivor(topology, left[0]).etcd, version: "3.5.2" } as never;
    const notes = versionNotes(topology, left, afterLossOfA(topology, { master3: { etcd } }));
    assert.equal(notes.filter((n) => n.includes("#13766")).length, 1);
    assert.ok(!versionNotes(topology, left, afterLossOfA(topology)).join().includes("#13766"));
  });

  it("are refused by the policy if they may lose data, unless accepted; others are only told", () => {
    const told = policyWords(withEtcd350());
    assert.equal(told.refused, true);
    assert.match(
      told.lines.join("\n"),
      /^REFUSED version-etcd: etcd 3\.5\.0 may have members that differ .*#13766\)$/m,
    );
    assert.ok(!told.lines.join("\n").includes("kubelet"), "a guard looks for these");
    const rke = policyWords(
      parseTopology(raw(seedHosts, { kubernetesVersion: "v1.24.10-rancher4-1", rkeVersion: "v1.4.5" })),
    );
    assert.match(rke.lines.join("\n"), /^note rke 1\.4\.5 restarts the first control plane host's kube-apiserver/m);
    assert.ok(!rke.lines.join("\n").includes("version-rke"));
    const accepted = policyWords(withEtcd350({ accept: [{ finding: "version-etcd", reason: "in June" }] }));
    assert.equal(accepted.refused, false);
  });

  it("are told at the head of an imported topology", () => {
    const yml = [
      "kubernetes_version: v1.22.4-rancher1-1",
      "nodes:",
      ...Object.entries({ ...seedHosts.a, ...seedHosts.b }).flatMap(([name, [address, roles]]) => [
        `- {address: ${address}, hostname_override: ${name}, user: root, role: [${roles.join(", ")}]}`,
      ]),
    ].join("\n");
    const datacenters = { a: Object.keys(seedHosts.a), b: Object.keys(seedHosts.b) };
    const text = importTopology(yml, { datacenters, standby: "b", rkeVersion: "v1.3.3" });
    assert.match(text, /^# - etcd 3\.5\.0 may have members that differ after a kill/m);
  });
});
