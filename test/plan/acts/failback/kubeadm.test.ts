import assert from "node:assert/strict";
import { planPrimary } from "../../../../plan/acts/primary/primary";
import type { Reachable } from "../../../../plan/facts/facts";
import { primaryGuards } from "../../../../plan/guards/primary";
import { planned } from "../../../../plan/installers/kubeadm/planned";
import { clusterOf, kubeadmHost } from "../../../../plan/installers/kubeadm/site";
import { describePrimary } from "../../../../plan/preview/describe";
import { allHosts, type Host } from "../../../../plan/topology/topology";
import { kubeadmReturned, setAside } from "../../worlds/kubeadm-returned";
import { kubeadmTopology } from "../../worlds/kubeadm-world";
import { podsOn } from "../../worlds/observations";
import { stepNamed, waits } from "../../worlds/step-order";

const topology = kubeadmTopology();

/** Datacenter a has power again after the failover of epoch 2; `change` alters what a host says. */
const returned = (change: Record<string, Partial<Reachable>> = {}) => kubeadmReturned(topology, change);

const plan = (seen = returned()) => planPrimary(topology, 3, seen);
const stops = (seen = returned(), confirm?: string) =>
  primaryGuards(topology, plan(seen), seen, undefined, confirm).flatMap((v) =>
    v.ok ? [] : v.problems.map((p) => `${v.guard}: ${p}`),
  );

describe("the failback of a cluster that kubeadm made", () => {
  it("needs a confirmation, and nothing else", () => {
    assert.match(stops().join("\n"), /^confirmation: rke-dr:confirm: must be "primary@3"[^\n]*\n[^\n]*$/);
    assert.deepEqual(stops(returned(), "primary@3"), []);
  });

  it("is refused while the failover isn't verified, without a word of RKE's steps", () => {
    const unfinished = stops(returned({ cp3: { steps: {} } }), "primary@3").filter((p) => p.includes("must be over"));
    assert.equal(unfinished.length, 1);
    assert.match(unfinished[0] ?? "", /cp3: the failover of epoch 2 must be over: its step verify isn't recorded/);
    assert.doesNotMatch(unfinished[0] ?? "", /rke-up/);
  });

  it("sets aside, gives Nodes back, joins one after the other, then the API, then what is beside it", () => {
    const { steps } = plan();
    const order: [later: string, earlier: string][] = [
      ["nodes-back-cp3", "quarantine-cp1"],
      ["nodes-back-cp3", "quarantine-cp2"],
      ["etcd-join-cp1", "quarantine-cp1"],
      ["etcd-join-cp1", "quarantine-cp2"],
      ["etcd-join-cp2", "etcd-join-cp1"],
      ["kube-apiserver-cp1", "etcd-join-cp2"],
      // a kubelet that registers before its Node is there registers it without kubeadm's taint
      ["kube-apiserver-cp1", "nodes-back-cp3"],
      ["control-plane-back-cp1", "kube-apiserver-cp1"],
      ["control-plane-back-cp2", "kube-apiserver-cp2"],
      ["leader-cp1", "kube-apiserver-cp1"],
      ["watchers-cp1", "control-plane-back-cp1"],
      ["watchers-worker1", "first-write-cp3"],
      ["verify-nodes-cp3", "watchers-worker1"],
      ["verify-member-cp1", "control-plane-back-cp2"],
    ];
    for (const [later, earlier] of order) assert.ok(waits(steps, later, earlier), `${later} waits for ${earlier}`);
  });

  it("changes no arguments of the survivor's etcd, and brings kube-apiserver back as it was", () => {
    const { steps } = plan();
    assert.ok(!steps.some((s) => s.script === "etcd-arguments"));
    for (const name of ["cp1", "cp2", "cp3"]) assert.equal(stepNamed(steps, `kube-apiserver-${name}`).data, "");
  });

  it("starts the member of a returned host by kubeadm's own manifest of a join", () => {
    const { data } = stepNamed(plan().steps, "etcd-join-cp1");
    const [joining = "", final] = data.split("\n");
    assert.equal(joining, final, "etcd isn't started anew with other arguments");
    const manifest = Buffer.from(joining.slice("pod:".length), "base64").toString();
    const names = ["cp2", "cp3", "cp1"];
    const asKubeadm = planned(clusterOf(topology), {
      host: kubeadmHost(allHosts(topology).find((h) => h.name === "cp1") as Host),
      joins: names.map((name, i) => ({ name, peerUrl: `https://192.168.31.11${[2, 3, 1][i]}:2380` })),
    })["etcd.yaml"];
    assert.equal(manifest.replace(/^ *rke-dr\.epoch: .*\n/m, ""), asKubeadm);
  });

  it("sends a step the same data once it is done, so that a second up changes nothing", () => {
    const first = plan().steps;
    const cp1 = allHosts(topology).find((h) => h.name === "cp1") as Host;
    const processes = { ...podsOn(topology, cp1), ...setAside(topology, cp1) };
    const again = plan(returned({ cp1: { epoch: 3, processes, act: "primary" } })).steps;
    for (const name of ["etcd-join-cp1", "kube-apiserver-cp1"])
      assert.deepEqual(stepNamed(again, name).data, stepNamed(first, name).data, name);
  });

  it("tells in its preview nothing of RKE", () => {
    const seen = returned();
    const told = describePrimary(plan(seen), primaryGuards(topology, plan(seen), seen), [], seen);
    assert.match(told, /FAILBACK: datacenter a comes back \(epoch 3/);
    assert.match(told, /cp1 +quarantined by the return guard \(etcd-before-epoch-2\)/);
    assert.doesNotMatch(told, /\brke\b(?!-dr)|RKE|docker|cluster\.yml|rkestate/);
  });
});
