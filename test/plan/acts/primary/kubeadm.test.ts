import assert from "node:assert/strict";
import { planPrimary } from "../../../../plan/acts/primary/primary";
import type { Reachable } from "../../../../plan/facts/facts";
import { keptPatches } from "../../../../plan/guards/kubeadm-cluster";
import { primaryGuards } from "../../../../plan/guards/primary";
import { memberOf } from "../../../../plan/installers/kubeadm/etcd";
import { planned } from "../../../../plan/installers/kubeadm/planned";
import { clusterOf, kubeadmHost } from "../../../../plan/installers/kubeadm/site";
import { allHosts, type Host } from "../../../../plan/topology/topology";
import { kubeadmTopology, untouchedCluster } from "../../worlds/kubeadm-world";
import { podsOn, record } from "../../worlds/observations";

const topology = kubeadmTopology();

function stops(change: (host: Host) => Partial<Reachable> = () => ({})): string[] {
  const seen = untouchedCluster(topology, change);
  return primaryGuards(topology, planPrimary(topology, 1, seen), seen).flatMap((v) => v.problems);
}
const on =
  (name: string, change: Partial<Reachable>) =>
  (host: Host): Partial<Reachable> =>
    host.name === name ? change : {};
const hostNamed = (name: string): Host => allHosts(topology).find((h) => h.name === name) as Host;
const cp2 = hostNamed("cp2");
const edited = (file: string, from: string | RegExp, to: string) =>
  on("cp2", { processes: podsOn(topology, cp2, (text, name) => (name === file ? text.replace(from, to) : text)) });

describe("stack primary for a cluster that kubeadm made", () => {
  it("takes over a cluster that runs as the topology says", () => assert.deepEqual(stops(), []));

  it("claims hosts, prepares deploy hosts, looks at the members, and keeps guard and snapshots", () => {
    const { steps } = planPrimary(topology, 1, untouchedCluster(topology));
    const scripts = [...new Set(steps.map((s) => s.script))];
    const kept = ["return-guard", "snapshot-schedule"];
    assert.deepEqual(scripts, ["claim", "deploy-files", "authorize", "trust", "etcd-join", ...kept]);
    assert.deepEqual(
      steps.filter((s) => s.script === "snapshot-schedule").map((s) => s.host.name),
      ["cp1", "cp3"],
    );
    // neither waits for a run of the installer: there is none
    for (const s of steps.filter((one) => one.script === "return-guard" || one.script === "snapshot-schedule"))
      assert.deepEqual(s.after, ["trust-cp1", "trust-cp3", "etcd-join-cp1", "etcd-join-cp2", "etcd-join-cp3"]);
  });

  it("accepts a member whose --initial-cluster is that of its join", () =>
    assert.deepEqual(stops(edited("etcd.yaml", /--initial-cluster=\S+/, "--initial-cluster=cp2=https://x:2380")), []));

  const refused: [what: string, change: (host: Host) => Partial<Reachable>, problem: RegExp][] = [
    [
      "another etcd image",
      edited("etcd.yaml", "etcd:3.6.16-0", "etcd:3.6.8-0"),
      /^cp2: \/etc\/kubernetes\/manifests\/etcd\.yaml must be what kubeadm plans .*- image \S+:3\.6\.16-0, \+ image \S+:3\.6\.8-0/,
    ],
    [
      "another data folder",
      edited("etcd.yaml", "--data-dir=/var/lib/etcd", "--data-dir=/data"),
      /- --data-dir=\/var\/lib\/etcd, \+ --data-dir=\/data/,
    ],
    [
      "a kube-apiserver that asks another etcd",
      edited("kube-apiserver.yaml", /--etcd-servers=\S+/, "--etcd-servers=https://10.0.0.9:2379"),
      /^cp2: \S+kube-apiserver\.yaml must be .*\+ --etcd-servers=https:\/\/10\.0\.0\.9:2379/,
    ],
    ["an etcd that doesn't run", on("cp2", { processes: {} }), /^cp2: etcd must run: it doesn't/],
    [
      "a member that the topology lacks",
      on("cp1", {
        members: [{ id: "9", started: true, name: "cp9", peerUrls: ["https://10.0.0.9:2380"], learner: false }],
      }),
      /^cp9 \(https:\/\/10\.0\.0\.9:2380\): each member of etcd must stand in the topology/,
    ],
    [
      "a Node that the topology lacks",
      on("cp1", { nodes: [...allHosts(topology).map((h) => h.name), "worker9"] }),
      /^Node worker9: each Node of the cluster must stand in the topology/,
    ],
    [
      "a host that is no Node",
      on("cp1", { nodes: ["cp1", "cp2", "cp3", "worker1"] }),
      /^worker2: must be a Node of the cluster under this name/,
    ],
  ];
  for (const [what, change, wanted] of refused) {
    it(`refuses ${what}, with a way on`, () => {
      const problems = stops(change).filter((p) => wanted.test(p.replaceAll("\n", " ")));
      assert.equal(problems.length, 1, stops(change).join("\n\n"));
      assert.ok((problems[0] ?? "").includes("\n"));
    });
  }

  it("shows what a patch has added, and keeps it", () => {
    const change = edited("etcd.yaml", "    - --name=cp2\n", "    - --name=cp2\n    - --max-wals=7\n");
    assert.deepEqual(stops(change), []);
    assert.deepEqual(keptPatches(topology, untouchedCluster(topology, change)), [
      "cp2: /etc/kubernetes/manifests/etcd.yaml has more than kubeadm plans from the topology, and keeps it: + --max-wals=7",
    ]);
  });

  it("brings back a member that doesn't run, by a manifest as `kubeadm join` writes it, and leaves the others alone", () => {
    const known = { epoch: 1, act: "primary", steps: { "etcd-join": record("etcd-join", 1, 1) } };
    const seen = untouchedCluster(topology, (host) =>
      host.name === "cp2" ? { ...known, processes: {}, etcd: undefined } : known,
    );
    const joins = planPrimary(topology, 1, seen).steps.filter((s) => s.script === "etcd-join");
    const cp2Joins = joins.find((s) => s.host.name === "cp2");
    assert.deepEqual([joins.find((s) => s.host.name === "cp1")?.intact, cp2Joins?.intact], [true, false]);
    const [joining = "", final] = cp2Joins?.data.split("\n") ?? [];
    assert.equal(joining, final);
    const manifest = Buffer.from(joining.slice("pod:".length), "base64").toString();
    const asKubeadm = planned(clusterOf(topology), {
      host: kubeadmHost(cp2),
      joins: ["cp1", "cp3", "cp2"].map((name) => memberOf(kubeadmHost(hostNamed(name)))),
    })["etcd.yaml"];
    assert.equal(manifest.replace(/^ *rke-dr\.epoch: .*\n/m, ""), asKubeadm);
  });
});
