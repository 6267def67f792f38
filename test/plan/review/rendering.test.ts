import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { parseTopology } from "../../../plan/declaration/declaration";
import { importTopology } from "../../../plan/import/import";
import { pages } from "../../../plan/review/pages";
import { type Act, render } from "../../../plan/review/rendering";
import type { Topology } from "../../../plan/topology/topology";
import { rkePlan } from "../../rke-golden";
import { extraArgs, internalAddresses, learner, raw, seed, seedHosts } from "../worlds/topologies";

const golden = (name: string): unknown => JSON.parse(rkePlan(name));
const primary: Act = { stack: "primary" };
const lostA: Act = { stack: "failover", lost: "a" };

interface Case {
  file: string;
  topology: () => Topology;
  act: Act;
  /** cluster.yml to import the topology from, with the hosts of a and b. */
  from?: [a: string[], b: string[]];
}

const three: Case["from"] = [["master1", "master2"], ["master3"]];
const five: Case["from"] = [
  ["master1", "master2", "node1"],
  ["master3", "node2"],
];
const cases: Case[] = [
  { file: "force-new-cluster.primary.yml", topology: seed, act: primary, from: five },
  { file: "force-new-cluster.failover.yml", topology: seed, act: lostA },
  { file: "learner.primary.yml", topology: learner, act: primary, from: five },
  { file: "internal-addresses.yml", topology: internalAddresses, act: primary, from: [["a1", "a2"], ["b1"]] },
  { file: "snapshots-and-extra-args.yml", topology: extraArgs, act: primary, from: three },
];

describe("the rendering equals RKE's plan in RKE's own shape", () => {
  for (const { file, topology, act, from } of cases) {
    it(`${file}: processes`, () => {
      assert.deepEqual(render(topology(), act).processes, golden(`${file}.plan.json`));
    });
    if (file !== "snapshots-and-extra-args.yml") {
      it(`${file}: certificates`, () => {
        assert.deepEqual(render(topology(), act).certificates, golden(`${file}.certs.json`));
      });
    }
    if (from) {
      it(`${file}: through import`, () => {
        const [a, b] = from;
        const imported = importTopology(rkePlan(file), { datacenters: { a, b }, standby: "b" });
        assert.deepEqual(render(parseTopology(parse(imported)), act).processes, golden(`${file}.plan.json`));
      });
    }
  }

  it("learner.primary.yml's cluster, a lost: nothing is recovered, and it says why", () => {
    const { processes, transient, refused, clusterYml } = render(learner(), lostA);
    assert.deepEqual(Object.keys(processes), ["master3/kube-apiserver"]);
    assert.deepEqual(transient, {});
    assert.match(refused.join(), /must survive the loss of a: nothing to recover from on /);
    assert.equal(clusterYml, render(learner(), primary).clusterYml);
  });
});

describe("a learner beside RKE", () => {
  const topology = parseTopology(parse(readFileSync(join(__dirname, "../../../topologies/learner.yaml"), "utf8")));
  const rendered = render(topology, primary);
  it("leaves RKE's own processes and certificates as they are without it", () => {
    const { "master3/etcd": _etcd, ...processes } = rendered.processes;
    assert.deepEqual(processes, golden("learner.primary.yml.plan.json"));
    const { "kube-etcd-192-168-31-103": _certificate, ...certificates } = rendered.certificates;
    assert.deepEqual(certificates, golden("learner.primary.yml.certs.json"));
  });
  it("has the certificate that RKE gives the host once it is the only etcd host", () => {
    const managed = golden("learner.failover-managed.yml.certs.json") as Record<string, unknown>;
    assert.deepEqual(rendered.certificates["kube-etcd-192-168-31-103"], managed["kube-etcd-192-168-31-103"]);
  });
  it("is what RKE manages once the voters' side is lost, certificates too", () => {
    const after = render(topology, lostA);
    assert.deepEqual(after.processes, golden("learner.failover-managed.yml.plan.json"));
    assert.deepEqual(after.certificates, golden("learner.failover-managed.yml.certs.json"));
    assert.deepEqual(after.refused, []);
  });
  it("runs what RKE runs there then, but for the cluster that it joins", () => {
    const managed = golden("learner.failover-managed.yml.plan.json") as Record<string, { args: string[] }>;
    const { args = [], ...rest } = rendered.processes["master3/etcd"] ?? { args: [] };
    const { args: final = [], ...other } = managed["master3/etcd"] ?? { args: [] };
    const joins = (arg: string) => /^--initial-cluster(-state)?=/.test(arg);
    assert.deepEqual(rest, other);
    assert.deepEqual(
      args.filter((a) => !joins(a)),
      final.filter((a) => !joins(a)),
    );
    assert.ok(args.includes("--initial-cluster-state=existing"));
  });
});

describe("images", () => {
  const images = (rke: object) => {
    const { processes } = render(parseTopology(raw(seedHosts, { rke })), primary);
    return [processes["master3/etcd"]?.image, processes["master3/kube-apiserver"]?.image];
  };
  const registry = { url: "registry.example:5000/mirror", is_default: true };
  const cases: [string, object, string[]][] = [
    ["of the release", {}, ["rancher/coreos-etcd:v3.4.14-rancher1", "rancher/hyperkube:v1.20.5-rancher1"]],
    [
      "said by name",
      { system_images: { etcd: "mine/etcd:v3.4.27" } },
      ["mine/etcd:v3.4.27", "rancher/hyperkube:v1.20.5-rancher1"],
    ],
    [
      "of a default registry",
      { private_registries: [{ url: "other.example" }, registry], system_images: { kubernetes: "mine/hyperkube:1" } },
      ["registry.example:5000/mirror/rancher/coreos-etcd:v3.4.14-rancher1", "mine/hyperkube:1"],
    ],
  ];
  for (const [what, rke, expected] of cases) {
    it(what, () => assert.deepEqual(images(rke), expected));
  }
});

describe("what runs for a while only", () => {
  it("is etcd with the flag, which docker doesn't restart", () => {
    const { transient } = render(seed(), lostA);
    assert.deepEqual(Object.keys(transient), ["master3/etcd"]);
    assert.ok(transient["master3/etcd"]?.args?.includes("--force-new-cluster"));
    assert.equal(transient["master3/etcd"]?.restartPolicy, "no");
  });
  it("is nothing in peace, nor where quorum is kept", () => {
    assert.deepEqual(render(seed(), primary).transient, {});
    assert.deepEqual(render(seed(), { stack: "failover", lost: "b" }).transient, {});
  });
  it("never stands in the final state", () => {
    assert.doesNotMatch(JSON.stringify(render(seed(), lostA).processes), /force-new-cluster/);
  });
});

describe("the pages", () => {
  const files = pages(seed());
  for (const [path, pattern] of [
    ["README.md", /\| datacenter a \| master3 \| \*\*lost\*\* \| \*\*lost\*\* \| the data of master3, a voter \|/],
    ["README.md", /\| datacenter b \| master1, master2 \| kept \| kept \|/],
    ["primary/cluster.yml", /^cluster_name: lab$/m],
    ["primary/hosts/master1.txt", /^ {2}--initial-cluster=etcd-master3=.*,etcd-master1=.*,etcd-master2=/m],
    ["primary/hosts/node1.txt", /neither etcd nor kube-apiserver/],
    ["primary/certificates.md", /\| kube-etcd-192-168-31-101 \| kube-etcd \|/],
    ["primary/steps.md", /\| rke-up-master3 \| master3 \|/],
    ["failover-a/cluster.yml", /^ {4}- 192\.168\.31\.101$/m],
    ["failover-a/hosts/master3.txt", /== etcd \(for a while only\)[\s\S]*--force-new-cluster[\s\S]*== etcd \(stays\)/],
    ["failover-a/README.md", /^\+ --etcd-servers=https:\/\/192\.168\.31\.103:2379$/m],
    ["failover-a/README.md", /\| first-write-master3 \|/],
    ["failover-b/README.md", /refuses:\n\n- 2 of 3 voters survive/],
    ["topology.svg", /quorum is lost/],
  ] as const) {
    it(`${path} has ${pattern}`, () => assert.match(files[path] ?? "", pattern));
  }

  it("show a host only where it still is", () => {
    assert.equal(files["failover-a/hosts/master1.txt"], undefined);
    assert.equal(files["failover-b/cluster.yml"], undefined);
  });

  it("are the same for the same topology", () => {
    assert.deepEqual(pages(parseTopology(raw(seedHosts))), files);
  });
});
