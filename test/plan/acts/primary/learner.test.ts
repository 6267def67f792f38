import assert from "node:assert/strict";
import { planPrimary } from "../../../../plan/acts/primary/primary";
import type { StepResult } from "../../../../plan/facts/step-records";
import { etcdServers } from "../../../../plan/installers/rke/kube-apiserver";
import { joiningProcess, learnerCertificate } from "../../../../plan/installers/rke/learner";
import { differences } from "../../../../plan/runtimes/process";
import { inPeace } from "../../../../plan/topology/site";
import { rkePlan } from "../../../rke-golden";
import { inState, listed, peace, topology } from "../../worlds/learner-world";
import { record } from "../../worlds/observations";

const golden = (name: string) => JSON.parse(rkePlan(name));
const site = inPeace(topology);
const master3 = site.learner;
assert.ok(master3);

describe("the learner", () => {
  it("runs as RKE would run etcd on its host, but for the members that it starts with", () => {
    const rke = golden("learner.failover-managed.yml.plan.json")["master3/etcd"];
    const ours = joiningProcess(site, master3, "x86_64");
    assert.deepEqual(differences([...rke.args].sort(), [...ours.cmd].sort()), [
      "- --initial-cluster-state=new",
      "- --initial-cluster=etcd-master3=https://192.168.31.103:2380",
      "+ --initial-cluster-state=existing",
      "+ --initial-cluster=etcd-master1=https://192.168.31.101:2380,etcd-master2=https://192.168.31.102:2380,etcd-node1=https://192.168.31.104:2380,etcd-master3=https://192.168.31.103:2380",
    ]);
    assert.deepEqual([ours.image, [...ours.env].sort(), ours.binds], [rke.image, [...rke.env].sort(), rke.binds]);
  });

  it("has the certificate that RKE would give its host when it is the only etcd host", () => {
    const rke = golden("learner.failover-managed.yml.certs.json")["kube-etcd-192-168-31-103"];
    const ours = learnerCertificate(site, master3);
    assert.deepEqual(
      [ours.name, ours.commonName, ours.issuer, ours.dnsNames, ours.ipAddresses, ours.keyUsage, ours.extKeyUsage],
      [
        "kube-etcd-192-168-31-103",
        rke.commonName,
        rke.issuer,
        rke.dnsNames,
        rke.ipAddresses,
        rke.keyUsage,
        rke.extKeyUsage,
      ],
    );
  });

  it("is none of the API servers' endpoints", () =>
    assert.doesNotMatch(etcdServers(site, master3), /192\.168\.31\.103|127\.0\.0\.1/));
});

describe("the learner in primary", () => {
  const done = (names: string[]): Record<string, StepResult> =>
    Object.fromEntries(names.map((name) => [name, record(name, 1, 1)]));
  const steps = done(["claim", "deploy-files", "authorize", "trust", "rke-up", "etcd-join", "return-guard"]);
  const deploy = (address: string) => ({
    deploy: {
      files: ["cluster.yml", "certs/kube-admin.pem", "ssh/id_ed25519", "ssh/known_hosts"],
      server: `https://${address}:6443`,
      certificateEnds: "",
      clusterYml: "",
    },
  });
  const world = (master3Facts: object, members = listed()) => {
    const names = ["master1", "master2", "node1", "master3", "node2"];
    const base = Object.fromEntries(names.map((name) => [name, { steps }]));
    return peace(
      {
        ...base,
        master1: { steps, ...deploy("192.168.31.101") },
        master3: { steps, ...deploy("192.168.31.103"), ...master3Facts },
      },
      members,
    );
  };
  const due = (seen: ReturnType<typeof peace>) =>
    planPrimary(topology, 1, seen, { returnGuard: "off" })
      .steps.filter((s) => s.due)
      .map((s) => s.name);

  it("nothing is to be done for a healthy one", () => assert.deepEqual(due(world({})), []));
  it("a stopped one is, and nothing else", () =>
    assert.deepEqual(due(world({ etcd: undefined, ...inState("master3", "exited") })), ["etcd-join-master3"]));
  it("one that isn't a member is", () =>
    assert.deepEqual(due(world({}, listed({ master3: null }))), ["etcd-join-master3"]));
  it("comes last, after rke up", () => {
    const step = planPrimary(topology, 1, world({})).steps.at(-1);
    assert.deepEqual([step?.name, step?.after], ["etcd-join-master3", ["rke-nodes-master3", "rke-up-master3"]]);
  });
});
