import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { readTopologyFile } from "../../../../cli/topology-file";
import { planFailover } from "../../../../plan/acts/failover/failover";
import type { FailoverPlan, FailoverSettings } from "../../../../plan/acts/failover/plan";
import { describeInventory } from "../../../../plan/preview/inventory";
import { allHosts, type Topology } from "../../../../plan/topology/topology";
import { afterLossOfA, unitsOn } from "../../worlds/observations";

const topologyOf = (name: string): Topology => readTopologyFile(join(__dirname, `../../../../topologies/${name}.yaml`));

function plan(topology: Topology, how: Partial<FailoverSettings> = {}, seen = afterLossOfA(topology)): FailoverPlan {
  const settings = { lost: "a", epoch: 2, from: "auto", confirm: "a@2", attest: "powered-off@a@2", ...how };
  return planFailover(topology, settings as FailoverSettings, seen);
}
const stepOf = (of: FailoverPlan, name: string) => {
  const found = of.steps.find((s) => s.name === name);
  assert.ok(found, of.steps.map((s) => s.name).join(", "));
  return found;
};
/** The words of a SPEC, which are in base64. */
const wordsIn = (kind: string, spec = ""): string[] => {
  assert.ok(spec.startsWith(`${kind}:`), spec.slice(0, 40));
  return spec
    .slice(kind.length + 1)
    .split(",")
    .map((word) => Buffer.from(word, "base64").toString());
};

describe("a failover of a cluster whose etcd is a unit, as a plan", () => {
  const kubespray = topologyOf("kubespray");
  const node3 = allHosts(kubespray).find((h) => h.name === "node3");
  assert.ok(node3);
  const env = String((unitsOn(kubespray, node3).etcd?.reported as { env: string }).env);

  for (const method of ["forceNewCluster", "restore"] as const) {
    it(`by ${method} leaves etcd's file as it was, but for the members and the epoch`, () => {
      const own = `${env}# kept by the operator\nETCD_CIPHER_SUITES="TLS_A,TLS_B"\n`;
      const seen = afterLossOfA(kubespray, { node3: { processes: unitsOn(kubespray, node3, own) } });
      const step = stepOf(
        plan(kubespray, { method }, seen),
        method === "restore" ? "etcd-restore-node3" : "etcd-member-node3",
      );
      const [final] = wordsIn("unit-env", step.data.split("\n").at(-1));
      assert.equal(
        final,
        `${own.replace(/ETCD_INITIAL_CLUSTER=.*/, "ETCD_INITIAL_CLUSTER=etcd3=https://192.168.31.113:2380")}# rke-dr.epoch: 2\n`,
      );
    });
  }

  it("forces a copy in the place of the data, without network, with each setting by the environment", () => {
    const words = wordsIn("unit-alone", stepOf(plan(kubespray), "snapshot-node3").data);
    assert.deepEqual(words.slice(0, 2), ["/usr/local/bin/etcd", "/usr/local/bin/etcd"]);
    assert.equal(words[words.indexOf("--write") + 1], "/var/lib/etcd/rke-dr-forced-epoch-2:/var/lib/etcd");
    assert.deepEqual(words.slice(words.indexOf("--") + 1), []);
    for (const variable of [
      "ETCD_FORCE_NEW_CLUSTER=true",
      "ETCD_SNAPSHOT_COUNT=1",
      "ETCD_ELECTION_TIMEOUT=500",
      "ETCD_LISTEN_CLIENT_URLS=https://127.0.0.1:2379",
      "ETCD_LISTEN_PEER_URLS=https://127.0.0.1:2380",
    ]) {
      assert.ok(words.includes(variable), variable);
    }
  });

  it("gives the kube-apiserver the survivor alone, and tells kubeadm after the first write", () => {
    const of = plan(kubespray);
    const [manifest = ""] = wordsIn("pod", stepOf(of, "kube-apiserver-node3").data);
    const { command } = parse(manifest).spec.containers[0] as { command: string[] };
    assert.ok(command.includes("--etcd-servers=https://192.168.31.113:2379"), command.join(" "));
    const step = stepOf(of, "external-endpoints-node3");
    assert.deepEqual(step.arguments, ["https://192.168.31.113:6443", "https://192.168.31.113:2379"]);
    assert.ok(step.after.includes("first-write-node3"));
  });

  for (const [method, made] of [
    ["forceNewCluster", ["snapshot", "etcd-member"]],
    ["restore", ["source", "etcd-restore"]],
  ] as const) {
    it(`by ${method} of an etcd alone asks no API, and checks what was recovered once it takes writes`, () => {
      const of = plan(topologyOf("unit"), { method });
      const names = of.steps.map((s) => s.script).filter((name) => name !== "isolate");
      assert.deepEqual(names, ["claim", ...made, "first-write", "verify-member", "verify", "report"]);
      assert.deepEqual(stepOf(of, "first-write-node3").arguments, ["etcd", "https://192.168.31.113:2379"]);
      for (const name of ["verify-member-node3", "verify-node3"]) {
        assert.ok(stepOf(of, name).after.includes("first-write-node3"), name);
      }
    });
  }

  it("recovers etcd on a host of its own, and the API where the control plane is", () => {
    const of = plan(topologyOf("kubekey"));
    assert.deepEqual(
      of.steps.map((s) => s.name).filter((name) => /etcd|apiserver|first-write|endpoints/.test(name)),
      ["etcd-member-node3", "kube-apiserver-node5", "first-write-node5", "external-endpoints-node5"],
    );
    assert.ok(stepOf(of, "kube-apiserver-node5").after.includes("etcd-member-node3"));
  });

  it("shows the inventory's change, and says which names must be set first", () => {
    const lines = describeInventory(plan(kubespray));
    assert.ok(lines.includes("  -   node1") && lines.includes("      node3"), lines.join("\n"));
    assert.match(lines.at(-1) ?? "", /Set etcd_member_name: etcd3 on node3/);
    assert.deepEqual(describeInventory(plan(topologyOf("seed"))), []);
  });
});
