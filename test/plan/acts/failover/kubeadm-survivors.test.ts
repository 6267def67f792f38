import assert from "node:assert/strict";
import { join } from "node:path";
import { readTopologyFile } from "../../../../cli/topology-file";
import { planFailover } from "../../../../plan/acts/failover/failover";
import type { FailoverPlan, FailoverSettings } from "../../../../plan/acts/failover/plan";
import { endpointMove } from "../../../../plan/acts/steps/endpoint";
import type { Observation } from "../../../../plan/facts/observation";
import { endpointVerdict } from "../../../../plan/guards/endpoint";
import { failoverGuards } from "../../../../plan/guards/failover";
import { manifestsAfter } from "../../../../plan/installers/kubeadm/site";
import { survivors } from "../../../../plan/topology/order";
import { allHosts, type Topology } from "../../../../plan/topology/topology";
import { untouched } from "../../worlds/kubeadm-world";
import { alone, now } from "../../worlds/observations";
import { stepNamed, waits } from "../../worlds/step-order";

const topology = readTopologyFile(join(__dirname, "../../../../topologies/kubeadm-five.yaml"));
const hostOf = (name: string) => {
  const found = allHosts(topology).find((h) => h.name === name);
  assert.ok(found);
  return found;
};

/** Datacenter a is lost; the WALs of the two survivors end at these indexes. */
const seen = (ends: { cp4: number; cp5: number }): Observation => ({
  hosts: Object.fromEntries(
    survivors(topology, "a").map((h) => {
      const facts = untouched(topology, h);
      const index = ends[h.name as "cp4" | "cp5"];
      return [h.name, index === undefined ? facts : { ...facts, etcd: alone, logEnd: { term: 3, index } }];
    }),
  ),
  answers: [],
  at: now,
});

const settings: FailoverSettings = { lost: "a", epoch: 2, from: "auto", confirm: "a@2", attest: "powered-off@a@2" };
const plan = (ends: { cp4: number; cp5: number }, of: Topology = topology): FailoverPlan =>
  planFailover(of, settings, seen(ends));

describe("a failover of a cluster that kubeadm made, of which two members survive", () => {
  const equal = plan({ cp4: 100, cp5: 100 });
  const elsewhere = plan({ cp4: 99, cp5: 100 });

  it("recovers the deploy host's member if both are as new, and is stopped by no guard on account of the other", () => {
    assert.equal(equal.source?.host.name, "cp4");
    assert.equal(equal.server.name, "cp4");
    const verdicts = failoverGuards(topology, equal, seen({ cp4: 100, cp5: 100 }));
    const stops = verdicts.filter((v) => !v.ok).map((v) => v.guard);
    assert.deepEqual(
      stops.filter((guard) => guard === "survivors reachable" || guard === "source" || guard === "control plane"),
      [],
    );
  });

  it("recovers the member whose WAL ends last", () => assert.equal(elsewhere.source?.host.name, "cp5"));

  it("writes first at the one kube-apiserver whose etcd serves, also where that isn't the deploy host's", () => {
    const own = stepNamed(equal.steps, "first-write-cp4").arguments;
    assert.deepEqual(own, ["https://192.168.31.114:6443", "kube-apiserver"]);
    const other = stepNamed(elsewhere.steps, "first-write-cp4");
    assert.deepEqual(other.arguments, ["https://192.168.31.115:6443"]);
    assert.ok(waits(elsewhere.steps, "first-write-cp4", "kube-apiserver-cp5"));
    for (const name of ["lost-nodes-cp4", "verify-cp4"])
      assert.equal(stepNamed(elsewhere.steps, name).arguments[0], "https://192.168.31.115:6443", name);
  });

  it("waits before the first write for no kube-apiserver whose own etcd is stopped", () => {
    for (const [of, other] of [
      [equal, "cp5"],
      [elsewhere, "cp4"],
    ] as const) {
      const names = of.steps.map((s) => s.name);
      assert.ok(!names.includes(`kube-apiserver-${other}`), names.join(" "));
      for (const [later, earlier] of [
        [`etcd-join-${other}`, "first-write-cp4"],
        [`etcd-join-${other}`, `etcd-aside-${other}`],
        [`etcd-servers-${other}`, `etcd-join-${other}`],
        [`verify-servers-${other}`, `etcd-servers-${other}`],
      ] as const)
        assert.ok(waits(of.steps, later, earlier), `${later} waits for ${earlier}`);
      assert.equal(stepNamed(of.steps, `etcd-servers-${other}`).data, "", "it asks its own etcd, and stays as it was");
    }
  });

  it("joins the other by the manifest of a join of kubeadm's, as the rendered pages show it", () => {
    const spec = stepNamed(elsewhere.steps, "etcd-join-cp4").data.split("\n");
    assert.equal(spec[0], spec[1]);
    const manifest = Buffer.from((spec[0] ?? "").slice("pod:".length), "base64").toString();
    const rendered = manifestsAfter(topology, survivors(topology, "a"), hostOf("cp5")).cp4?.["etcd.yaml"];
    assert.equal(manifest.replace(/^ *rke-dr\.epoch: .*\n/m, ""), rendered);
  });

  it("lets the API's name lead to the host that serves first", () => {
    assert.equal(endpointMove(topology, elsewhere.site, elsewhere.server)?.env.RKE_DR_TO, "192.168.31.115");
    const told = endpointVerdict(
      topology,
      elsewhere,
      // it leads to a lost host
      {
        ...seen({ cp4: 99, cp5: 100 }),
        endpoint: { name: "api.lab.test", addresses: ["192.168.31.111"] },
      },
    );
    assert.match(told[0]?.found ?? "", /lead to cp5 \(192\.168\.31\.115\)/);
  });

  it("asks by a name that no command moves only when all have joined: it may lead to the one that joins last", () => {
    const byHand = { ...topology, endpoint: undefined } as Topology;
    const of = plan({ cp4: 100, cp5: 100 }, byHand);
    for (const name of ["endpoint-cp4", "endpoint-cp5", "workers-cp4"]) {
      assert.ok(waits(of.steps, name, "etcd-join-cp5"), name);
      assert.ok(!waits(equal.steps, name, "etcd-join-cp5"), `${name}, with a command`);
    }
  });
});
