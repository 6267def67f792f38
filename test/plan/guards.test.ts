import assert from "node:assert/strict";
import type { Reachable } from "../../plan/facts";
import { type FailoverSettings, planFailover } from "../../plan/failover";
import { failoverGuards } from "../../plan/guards";
import { withArgument } from "../../plan/process";
import { parseTopology, type Topology } from "../../plan/topology";
import { afterLossOfA, record, survivor } from "./observations";
import { learner, raw, seed, seedHosts } from "./topologies";

const ready: FailoverSettings = { lost: "a", epoch: 2, from: "auto", confirm: "a@2", attest: "powered-off" };

const member = ["controlplane", "worker", "etcd"];
const twoSurvivors = () =>
  parseTopology(
    raw({
      a: { ...seedHosts.a, master5: ["192.168.31.106", member] },
      b: { ...seedHosts.b, master4: ["192.168.31.107", member] },
    }),
  );

interface Case {
  topology?: Topology;
  settings?: Partial<FailoverSettings>;
  hosts?: Record<string, Partial<Reachable> | null>;
  answers?: string[];
  /** The guards that must stop the act, and what each says. */
  stops: Record<string, RegExp>;
}

const begun = {
  plan: { source: "master3" },
  steps: { "etcd-member": record("etcd-member", 2, 1) },
  epoch: 2,
  act: "failover:a:forceNewCluster:master3",
};
const etcdOf = (change: object) => ({
  ...survivor(seed(), afterMaster3()).etcd,
  ...(change as object),
});
const afterMaster3 = () => {
  const host = seed().datacenters[1]?.hosts[0];
  assert.ok(host);
  return host;
};

function othersEtcd() {
  const containers = survivor(seed(), afterMaster3()).containers;
  const etcd = containers.etcd;
  assert.ok(etcd);
  etcd.Config.Cmd = withArgument(etcd.Config.Cmd ?? [], "name", "etcd-shop1");
  return containers;
}
function deployed() {
  const { deploy } = survivor(seed(), afterMaster3());
  assert.ok(deploy);
  return deploy;
}

const cases: Record<string, Case> = {
  "all is well": { stops: {} },
  "no confirmation": { settings: { confirm: undefined }, stops: { confirmation: /must be "a@2", it is not set/ } },
  "a confirmation of another epoch": { settings: { confirm: "a@3" }, stops: { confirmation: /it is "a@3"/ } },
  "a confirmation of another datacenter": { settings: { confirm: "b@2" }, stops: { confirmation: /it is "b@2"/ } },
  "no attestation": { settings: { attest: undefined }, stops: { attestation: /master1, master2, node1/ } },
  "another attestation": { settings: { attest: "yes" }, stops: { attestation: /it is "yes"/ } },
  "a lost host answers the operator": {
    answers: ["master1 2379"],
    stops: { "lost side is silent": /master1 port 2379 answers the operator/ },
  },
  "a lost host answers a survivor": {
    hosts: { node2: { answers: ["master2 22"] } },
    stops: { "lost side is silent": /master2 port 22 answers node2/ },
  },
  "an unreachable survivor": {
    hosts: { node2: null },
    stops: { "survivors reachable": /node2 \(192\.168\.31\.105\): connect timed out/ },
  },
  "a newer epoch on a host": {
    hosts: { node2: { epoch: 3, act: "primary" } },
    stops: { epoch: /node2 is at epoch 3 \(primary\), an older epoch is refused: 2/ },
  },
  "the same epoch with another act": {
    hosts: { master3: { epoch: 2, act: "failover:b:restore:master1" } },
    stops: { epoch: /master3 is at epoch 2 by another act \(failover:b:restore:master1\)/ },
  },
  "the same epoch with the same act resumes": {
    hosts: { master3: begun, node2: { epoch: 2, act: begun.act } },
    stops: {},
  },
  "a survivor of another cluster": {
    hosts: { node2: { cluster: "shop" } },
    stops: { "the hosts meant": /node2 \(192\.168\.31\.105\) belongs to cluster shop, not to lab/ },
  },
  "another member's etcd at the survivor's address": {
    hosts: { master3: { containers: othersEtcd() } },
    stops: { "the hosts meant": /master3's etcd is named etcd-shop1, not etcd-master3/ },
  },
  "an API server's certificate that has ended": {
    hosts: { master3: { deploy: { ...deployed(), certificateEnds: "Nov 18 12:00:00 2026 GMT" } } },
    stops: { certificates: /ended on Nov 18 12:00:00 2026 GMT/ },
  },
  "claimed, but not begun: quorum counts": {
    hosts: { master3: { ...begun, steps: {}, etcd: etcdOf({ quorum: true }) as Reachable["etcd"] } },
    stops: { "quorum is lost": /still has quorum/ },
  },
  "etcd still has quorum": {
    hosts: { master3: { etcd: etcdOf({ quorum: true }) as Reachable["etcd"] } },
    stops: { "quorum is lost": /master3's etcd answers a linearizable read/ },
  },
  "etcd has quorum because this act gave it": {
    hosts: { master3: { ...begun, etcd: etcdOf({ quorum: true }) as Reachable["etcd"] } },
    stops: {},
  },
  "no voter survives": { topology: learner(), stops: { source: /no voter survives the loss of a/ } },
  "two voters survive": {
    topology: twoSurvivors(),
    stops: { source: /2 voters survive \(master3, master4\)/ },
  },
  "recover from a host that is no voter": {
    settings: { from: "node2" },
    stops: { source: /"node2" \(voters: master3\)/ },
  },
  "a voter without data": {
    hosts: { master3: { etcd: undefined, etcdBytes: 0 } },
    stops: { source: /master3 has no etcd data/ },
  },
  "etcd doesn't run but its data is there": { hosts: { master3: { etcd: undefined } }, stops: {} },
  "tools are missing": {
    hosts: { master3: { tools: { curl: false, root: true, docker: "", flock: false, rke: true } } },
    stops: { "tools on the survivors": /docker doesn't answer; master3: curl with --unix-socket .*; master3: flock/ },
  },
  "too little disk": { hosts: { master3: { freeBytes: 1e8 } }, stops: { "disk space": /200000000 are needed/ } },
  "rke is missing": {
    hosts: { master3: { tools: { curl: true, root: true, docker: "20", flock: true, rke: false } } },
    stops: { "deploy host": /master3: rke is not on the PATH/ },
  },
  "no rkestate on the deploy host": {
    hosts: {
      master3: {
        deploy: {
          files: ["kube_config_cluster.yml"],
          server: "https://192.168.31.103:6443",
          certificateEnds: "",
          clusterYml: "",
        },
      },
    },
    stops: { "deploy host": /cluster\.rkestate is missing.*certs\/kube-admin\.pem is missing/ },
  },
  "a kubeconfig that points at a dead master stops nothing": {
    hosts: {
      master3: {
        deploy: {
          ...survivor(seed(), afterMaster3()).deploy,
          server: "https://192.168.31.101:6443",
        } as Reachable["deploy"],
      },
    },
    stops: {},
  },
  "the deploy host can't reach a survivor": {
    hosts: { master3: { trust: { "root@192.168.31.103:22": "ok", "root@192.168.31.105:22": "Permission denied" } } },
    stops: { "SSH from the deploy host": /master3 to node2: Permission denied/ },
  },
  "a clock is off": { hosts: { node2: { clockSkew: -61000 } }, stops: { clocks: /node2 is 61\.0 s behind/ } },
  "everything at once is told at once": {
    settings: { confirm: undefined, attest: undefined },
    answers: ["master1 22"],
    hosts: { node2: null },
    stops: { confirmation: /./, attestation: /./, "lost side is silent": /./, "survivors reachable": /./ },
  },
};

describe("guards of a failover", () => {
  for (const [name, c] of Object.entries(cases)) {
    it(name, () => {
      const topology = c.topology ?? seed();
      const seen = afterLossOfA(topology, c.hosts, c.answers);
      const plan = planFailover(topology, { ...ready, ...c.settings }, seen);
      const failed = failoverGuards(topology, plan, seen).filter((v) => !v.ok);
      assert.deepEqual(failed.map((v) => v.guard).sort(), Object.keys(c.stops).sort(), JSON.stringify(failed));
      for (const v of failed) {
        assert.match(v.found, c.stops[v.guard] ?? /never/);
      }
    });
  }

  it("the loss of the minority needs no failover", () => {
    const topology = seed();
    const seen = { hosts: {}, answers: [], at: 0 };
    const settings = { ...ready, lost: "b", confirm: "b@2" };
    const verdicts = failoverGuards(topology, planFailover(topology, settings, seen), seen);
    assert.match(
      verdicts.find((v) => v.guard === "quorum is lost")?.found ?? "",
      /2 of 3 voters survive, a majority is 2: etcd keeps its quorum without b/,
    );
  });
});
