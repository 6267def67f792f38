import assert from "node:assert/strict";
import { join } from "node:path";
import { readTopologyFile } from "../../../../cli/topology-file";
import { lostProblems } from "../../../../plan/acts/lost/where";
import { planPrimary } from "../../../../plan/acts/primary/primary";
import { peerUrl } from "../../../../plan/etcd/urls";
import type { Reachable } from "../../../../plan/facts/facts";
import type { Observation } from "../../../../plan/facts/observation";
import { kubeadmClusterProblems } from "../../../../plan/guards/kubeadm-cluster";
import { primaryGuards } from "../../../../plan/guards/primary";
import { memberName } from "../../../../plan/installers/etcd-unit/settings";
import { describeFailback } from "../../../../plan/preview/failback";
import { withArgument, withCommand } from "../../../../plan/runtimes/process";
import { allHosts, type Host, type Topology } from "../../../../plan/topology/topology";
import { alone, now, record, survivor, unitsOn } from "../../worlds/observations";
import { stepNamed, waits } from "../../worlds/step-order";

const topologyOf = (name: string): Topology => readTopologyFile(join(__dirname, `../../../../topologies/${name}.yaml`));
const act = "failover:a:forceNewCluster:node3";

/** Datacenter a has power again after the failover of epoch 2; its hosts' processes are set aside by the return guard. */
function returned(topology: Topology): Observation {
  const survivors = allHosts(topology).filter((h) => h.datacenter === "b" && h.etcd === "voter");
  const members = survivors.map((h) => ({
    id: h.name,
    started: true,
    name: memberName(h),
    peerUrls: [peerUrl(h)],
    learner: false,
  }));
  const setAside = (host: Host): Reachable["processes"] =>
    Object.fromEntries(
      Object.entries(unitsOn(topology, host)).map(([name, found]) => {
        const aside = `${name}-before-epoch-2`;
        return [aside, { ...found, name: aside, status: "exited" }];
      }),
    );
  const of = (host: Host): Partial<Reachable> =>
    host.datacenter === "b"
      ? {
          epoch: 2,
          act,
          plan: { source: "node3", member: "node3", method: "forceNewCluster", lost: "a" },
          steps: { verify: record("verify", 2, 1) },
          ...(host.etcd === "voter" ? { etcd: { ...alone, quorum: true, version: "3.6.16" }, members } : {}),
        }
      : { epoch: 1, act: "primary", etcd: undefined, processes: setAside(host) };
  return {
    hosts: Object.fromEntries(allHosts(topology).map((h) => [h.name, survivor(topology, h, of(h))])),
    answers: [],
    at: now,
  };
}

describe("the failback of a cluster whose etcd is a unit", () => {
  it("of etcd alone doesn't lead to `npm run lost`, which names Kubernetes' objects and refuses it by name", () => {
    const unit = topologyOf("unit");
    assert.match(lostProblems(unit).join(), /^topology\.installer: .*Kubernetes' objects.*: unit$/);
    assert.deepEqual(lostProblems(topologyOf("kubespray")), []);
    const seen = returned(unit);
    const [survivor, wentOn] = [seen.hosts.node3, seen.hosts.node1];
    assert.ok(survivor?.reachable && wentOn?.reachable);
    survivor.steps.snapshot = { ...record("snapshot", 2, 1), facts: { revision: "5" } };
    wentOn.restingRevision = 9;
    const plan = planPrimary(unit, 3, seen);
    const told = [
      ...describeFailback(plan, seen),
      ...primaryGuards(unit, plan, seen, undefined).flatMap((v) => (v.ok ? [] : v.problems)),
    ].join("\n");
    assert.match(told, /a went on after the loss: its writes up to revision 9, are set aside and not merged/);
    assert.doesNotMatch(told, /npm run -s lost/);
  });

  for (const name of ["kubespray", "kubekey", "unit"]) {
    it(`of ${name} does nothing on a host before the host was told of the epoch, and ends behind the first write`, () => {
      const all = planPrimary(topologyOf(name), 3, returned(topologyOf(name))).steps;
      for (const { name: step, host } of all.filter(({ script }) => script !== "claim")) {
        assert.ok(waits(all, step, `claim-${host.name}`), `${step} waits for claim-${host.name}`);
      }
      const [write] = all.filter(({ script }) => script === "first-write");
      assert.ok(write);
      for (const { name: step } of all.filter(({ script }) => script.startsWith("verify"))) {
        assert.ok(waits(all, step, write.name), `${step} waits for ${write.name}`);
      }
    });
  }

  const kubespray = topologyOf("kubespray");
  const { steps } = planPrimary(kubespray, 3, returned(kubespray));

  it("sets aside, gives Nodes back, joins one after the other, then the API, then kubeadm's endpoints", () => {
    const order: [later: string, earlier: string][] = [
      ["nodes-back-node3", "quarantine-node1"],
      ["etcd-join-node1", "quarantine-node2"],
      ["etcd-join-node2", "etcd-join-node1"],
      ["kube-apiserver-node1", "etcd-join-node2"],
      ["kube-apiserver-node1", "nodes-back-node3"],
      ["control-plane-back-node1", "kube-apiserver-node1"],
      ["kube-apiserver-node3", "etcd-join-node2"],
      ["external-endpoints-node3", "first-write-node3"],
      ["verify-nodes-node3", "external-endpoints-node3"],
    ];
    for (const [later, earlier] of order) assert.ok(waits(steps, later, earlier), `${later} waits for ${earlier}`);
  });

  it("joins each with a file that says so, the members' names being the topology's", () => {
    const { data, arguments: args } = stepNamed(steps, "etcd-join-node1");
    const [joining = "", final = ""] = data.split("\n");
    assert.equal(final, joining);
    const env = Buffer.from(joining.replace(/^unit-env:/, ""), "base64").toString();
    assert.match(env, /^ETCD_INITIAL_CLUSTER_STATE=existing$/m);
    assert.match(env, /^ETCD_NAME=etcd1$/m);
    assert.match(env, /# rke-dr\.epoch: 3\n$/);
    assert.equal(args[1], "etcd1");
  });

  it("tells kubeadm of all members again, and each kube-apiserver", () => {
    const urls = ["111", "112", "113"].map((end) => `https://192.168.31.${end}:2379`);
    assert.deepEqual(stepNamed(steps, "external-endpoints-node3").arguments.slice(1), urls);
    for (const host of ["node1", "node2", "node3"]) {
      const manifest = Buffer.from(
        stepNamed(steps, `kube-apiserver-${host}`).data.replace(/^pod:/, ""),
        "base64",
      ).toString();
      assert.ok(manifest.includes(`--etcd-servers=${urls.join(",")}`), manifest);
    }
  });

  it("finds the survivor's kube-apiserver right that asks the survivor alone, and wrong one that asks elsewhere", () => {
    const seen = returned(kubespray);
    const asking = (servers: string) => {
      const facts = seen.hosts.node3;
      assert.ok(facts?.reachable);
      const api = facts.processes["kube-apiserver"];
      assert.ok(api);
      const process = withCommand(api.process, (command) => withArgument(command, "etcd-servers", servers));
      const processes = { ...facts.processes, "kube-apiserver": { ...api, process } };
      return { ...seen, hosts: { ...seen.hosts, node3: { ...facts, processes } } };
    };
    const one = asking("https://192.168.31.113:2379");
    assert.deepEqual(kubeadmClusterProblems(kubespray, one, true), []);
    assert.match(
      kubeadmClusterProblems(kubespray, one).join(),
      /^node3: \S+kube-apiserver.yaml must be what kubespray plans/,
    );
    assert.equal(kubeadmClusterProblems(kubespray, asking("https://192.168.31.9:2379"), true).length, 1);
    const stops = (epoch: number, of = one) => {
      const verdicts = primaryGuards(kubespray, planPrimary(kubespray, epoch, of), of, undefined, "primary@3");
      return verdicts.filter((v) => !v.ok).map((v) => v.guard);
    };
    assert.ok(!stops(3).includes("the cluster meant"), String(stops(3)));
  });

  it("asks of an etcd on a host of its own nothing that only a Node has", () => {
    const kubekey = topologyOf("kubekey");
    const plan = planPrimary(kubekey, 3, returned(kubekey));
    const names = plan.steps.map((s) => s.name);
    for (const host of ["node1", "node2", "node3"]) {
      for (const script of ["watchers", "endpoint", "kube-apiserver", "control-plane-back"]) {
        assert.ok(!names.includes(`${script}-${host}`), `${script}-${host}`);
      }
    }
    assert.deepEqual(stepNamed(plan.steps, "nodes-back-node5").arguments.slice(2), ["control-plane=node4"]);
    const nodes = stepNamed(plan.steps, "verify-nodes-node5").arguments.slice(1);
    assert.deepEqual(
      nodes.map((of) => of.split("=")[0]),
      ["node4", "node5"],
    );
    assert.ok(names.includes("etcd-join-node1") && names.includes("etcd-join-node2"));
  });
});
