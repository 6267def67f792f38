import assert from "node:assert/strict";
import { planFailover } from "../../../plan/acts/failover/failover";
import type { FailoverSettings } from "../../../plan/acts/failover/plan";
import { parseTopology } from "../../../plan/declaration/declaration";
import type { Reachable } from "../../../plan/facts/facts";
import type { CertificateFacts, PreflightFacts } from "../../../plan/facts/preflight";
import { failoverGuards } from "../../../plan/guards/failover";
import { withArgument } from "../../../plan/runtimes/process";
import type { Topology } from "../../../plan/topology/topology";
import { afterLossOfA, container, named, now, preflight, record, survivor } from "../worlds/observations";
import { ready } from "../worlds/settings";
import { learner, raw, seed, seedHosts } from "../worlds/topologies";

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
  hosts?: Parameters<typeof afterLossOfA>[1];
  answers?: string[];
  /** The guards that must stop the act, and what each says. */
  stops: Record<string, RegExp>;
}

/** One voter in each of three places. */
const witness = () =>
  parseTopology({
    ...raw({ a: { master1: seedHosts.a.master1 }, b: seedHosts.b }),
    datacenters: [
      ...(raw({ a: { master1: seedHosts.a.master1 }, b: seedHosts.b }).datacenters as unknown[]),
      {
        name: "c",
        witness: true,
        hosts: [{ name: "w1", address: "192.168.31.106", roles: ["etcd"], hostKey: "unpinned" }],
      },
    ],
  });

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

const mirrored = {
  etcd: "mirror.example/etcd:v3.4.14",
  kubernetes: "mirror.example/kubernetes:v1.20.5",
  kubernetes_services_sidecar: "mirror.example/tools:v0.1.72",
};

function othersEtcd() {
  const { processes } = survivor(seed(), afterMaster3());
  const etcd = processes.etcd;
  assert.ok(etcd);
  etcd.process.cmd = withArgument(etcd.process.cmd, "name", "etcd-shop1");
  return processes;
}
const facts = (change: Partial<PreflightFacts> = {}) => preflight(seed(), afterMaster3(), change);
const has = (change: Partial<PreflightFacts>): Partial<Reachable> => ({ preflight: facts(change) });
const altered = (name: string, change: Partial<CertificateFacts>): CertificateFacts[] =>
  facts().certificates.map((c) => (c.name === name ? { ...c, ...change } : c));

function looping(kubeletWords: string, status = "restarting", startedAt = now - 20_000): Partial<Reachable> {
  const kubelet = container(named("kubelet", { image: "rancher/hyperkube:v1.20.5-rancher1" }), status);
  kubelet.restarts = 9;
  kubelet.startedAt = new Date(startedAt).toISOString();
  return { ...has({ kubeletWords }), processes: { kubelet } };
}

/** master3's etcd, of another version. */
const runs = (version: string) => etcdOf({ version }) as Reachable["etcd"];

/** The seed with a learner beside the voters of a. */
function learnerInA(): Topology {
  const topology = raw(seedHosts) as { datacenters: { hosts: { name: string; etcd?: string }[] }[] };
  const node1 = topology.datacenters[0]?.hosts.find((h) => h.name === "node1");
  if (node1) node1.etcd = "learner";
  return parseTopology(topology);
}

const cases: Record<string, Case> = {
  "all is well": { stops: {} },
  "no confirmation": { settings: { confirm: undefined }, stops: { confirmation: /must be "a@2", it is not set/ } },
  "a confirmation of another epoch": { settings: { confirm: "a@3" }, stops: { confirmation: /it is "a@3"/ } },
  "a confirmation of another datacenter": { settings: { confirm: "b@2" }, stops: { confirmation: /it is "b@2"/ } },
  "no attestation": { settings: { attest: undefined }, stops: { attestation: /master1, master2, node1/ } },
  "another attestation": { settings: { attest: "yes" }, stops: { attestation: /it is "yes"/ } },
  "an attestation of no act in particular": {
    settings: { attest: "powered-off" },
    stops: {
      attestation:
        /^rke-dr:attest must be "powered-off@a@2" \(the operator's word that master1, master2, node1 are down and stay down\), it is "powered-off", which names neither datacenter nor epoch: `pulumi config set attest powered-off@a@2 --stack failover` gives it; if they live/,
    },
  },
  "an attestation that an earlier epoch left": {
    settings: { epoch: 4, confirm: "a@4" },
    stops: {
      attestation:
        /must be "powered-off@a@4" .* it is "powered-off@a@2", which is not this failover's: `pulumi config set attest powered-off@a@4 --stack failover`/,
    },
  },
  "an attestation of another datacenter": {
    settings: { attest: "powered-off@b@2" },
    stops: { attestation: /must be "powered-off@a@2" .* it is "powered-off@b@2", which is not this failover's/ },
  },
  "an attestation with more behind it": { settings: { attest: "powered-off@a@22" }, stops: { attestation: /a@22/ } },
  "an attestation of an earlier epoch where none is needed": {
    settings: { method: "restore", attest: "powered-off@a@1" },
    stops: {},
  },
  "etcd 3.6.0, which keeps the dead as voters": {
    hosts: { master3: { etcd: runs("3.6.0") } },
    stops: {
      "etcd's version":
        /^master3: etcd 3\.6\.0 can't be forced safely: --force-new-cluster leaves the dead members .* `pulumi config set --path recover\.method restore --stack failover`; or name another source \(recover\.from\)$/,
    },
  },
  "etcd 3.6.0 restored": {
    settings: { method: "restore", attest: undefined },
    hosts: { master3: { etcd: runs("3.6.0") } },
    stops: {},
  },
  "etcd 3.4.13 beside a learner": {
    topology: learnerInA(),
    hosts: { master3: { etcd: runs("3.4.13") } },
    stops: {
      "etcd's version": /^master3: etcd 3\.4\.13 .* panics if a learner was ever in the log \(etcd-io\/etcd#12285/,
    },
  },
  "etcd 3.4.13 that had no learner": { hosts: { master3: { etcd: runs("3.4.13") } }, stops: {} },
  "etcd 3.4.13 after a failback, which joins members as learners": {
    settings: { epoch: 4, confirm: "a@4", attest: "powered-off@a@4" },
    hosts: { master3: { etcd: runs("3.4.13"), epoch: 3 } },
    stops: { "etcd's version": /3\.4\.13/ },
  },
  "a lost host answers the operator": {
    answers: ["master1 2379"],
    stops: { "lost side is silent": /master1 port 2379 answers the operator/ },
  },
  "several answer a survivor, told by host and port, in whatever order they were heard": {
    hosts: { node2: { answers: ["node1 22", "master2 2380 refused", "master1 2379", "master2 22", "master1 22"] } },
    stops: {
      "lost side is silent":
        /^master1 port 22 answers node2; master1 port 2379 .*; master2 port 22 .*; master2 port 2380 refuses node2; node1 port 22/,
    },
  },
  "a lost host answers a survivor": {
    hosts: { node2: { answers: ["master2 22"] } },
    stops: { "lost side is silent": /master2 port 22 answers node2/ },
  },
  "an unreachable survivor": {
    hosts: { node2: null },
    stops: {
      "survivors reachable":
        /^node2 \(192\.168\.31\.105\): connect timed out; bring node2 back; or, .* take it out of the topology \(a reviewed change in git\): .* deletes the Node/,
    },
  },
  "an unreachable survivor with etcd can't be left out": {
    hosts: { master3: null },
    stops: { "survivors reachable": /^master3 \(192\.168\.31\.103\): connect timed out$/ },
  },
  "no survivor can be reached: it isn't the worker": {
    hosts: { master3: null, node2: null },
    stops: {
      "survivors reachable": /^master3 \(\S+\): connect timed out; node2 \(\S+\): connect timed out$/,
    },
  },
  "without its dead worker the datacenter fails over": {
    topology: parseTopology(raw({ ...seedHosts, b: { master3: seedHosts.b.master3 } })),
    stops: {},
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
    hosts: { master3: { processes: othersEtcd() } },
    stops: { "the hosts meant": /master3's etcd is named etcd-shop1, not etcd-master3/ },
  },
  "an image of etcd's that is missing": {
    hosts: { master3: has({ images: ["rancher/hyperkube:v1.20.5-rancher1", "rancher/rke-tools:v0.1.72"] }) },
    stops: {
      images: /^master3: image rancher\/coreos-etcd:v3\.4\.14-rancher1 \(etcd\) must be on the host, is missing/,
    },
  },
  "an image of rke's that is missing": {
    hosts: { node2: has({ images: ["rancher/hyperkube:v1.20.5-rancher1"] }) },
    stops: { images: /^node2: image rancher\/rke-tools:v0\.1\.72 \(rke's own containers\)/ },
  },
  "a mirror that has other names than RKE's": {
    topology: parseTopology(raw(seedHosts, { rke: { system_images: mirrored } })),
    hosts: { master3: has({ images: Object.values(mirrored) }), node2: has({ images: Object.values(mirrored) }) },
    stops: {},
  },
  "a mirror for rke's own image alone": {
    topology: parseTopology(
      raw(seedHosts, { rke: { system_images: { kubernetes_services_sidecar: "mirror.example/tools:1" } } }),
    ),
    hosts: { node2: has({}) },
    stops: { images: /^node2: image mirror\.example\/tools:1 \(rke's own containers\) must be on the host/ },
  },
  "a certificate that isn't valid yet by the host's clock": {
    hosts: { master3: has({ certificates: altered("kube-node", { notBefore: now + 3_600_000 }) }) },
    stops: {
      certificates:
        /^master3: \/etc\/kubernetes\/ssl\/kube-node\.pem must be valid, is not yet valid before 2026-11-21T13:00:58Z; by the host's clock it is 2026-11-21T12:00:58Z$/,
    },
  },
  "the same certificate, were the host's clock right": {
    hosts: {
      master3: {
        ...has({ certificates: altered("kube-node", { notBefore: now + 3_600_000 }) }),
        clockSkew: 3_700_000,
      },
      node2: { clockSkew: 3_700_000 },
    },
    stops: { clocks: /the hosts agree with each other: is the operator's own clock right\?/ },
  },
  "a certificate that has expired": {
    hosts: { master3: has({ certificates: altered("kube-ca", { notAfter: now - 1000 }) }) },
    stops: { certificates: /kube-ca\.pem must be valid, has expired on 2026-11-21T12:00:57Z/ },
  },
  "another host's etcd certificate may have expired": {
    hosts: { master3: has({ certificates: altered("kube-etcd-192-168-31-101", { notAfter: 0 }) }) },
    stops: {},
  },
  "an API server's certificate without a survivor's address": {
    hosts: { master3: has({ certificates: altered("kube-apiserver", { ipAddresses: ["127.0.0.1", "10.43.0.1"] }) }) },
    stops: { certificates: /kube-apiserver\.pem must be good for 192\.168\.31\.103, is not/ },
  },
  "an etcd certificate copied from another host": {
    hosts: {
      master3: has({
        certificates: altered("kube-etcd-192-168-31-103", { dnsNames: ["master1"], ipAddresses: ["192.168.31.101"] }),
      }),
    },
    stops: {
      certificates: /kube-etcd-192-168-31-103\.pem must be good for 192\.168\.31\.103, master3, 127\.0\.0\.1, is not/,
    },
  },
  "an etcd certificate of another CA": {
    hosts: { master3: has({ certificates: altered("kube-etcd-192-168-31-103", { signed: false }) }) },
    stops: { certificates: /must be signed by the CA beside it/ },
  },
  "no certificate of the API server": {
    hosts: { master3: has({ certificates: facts().certificates.filter((c) => c.name !== "kube-apiserver") }) },
    stops: { certificates: /kube-apiserver\.pem must be there, is missing/ },
  },
  "a certificate file that holds none": {
    hosts: {
      master3: has({
        unreadableCertificates: [{ file: "/etc/kubernetes/ssl/kube-proxy.pem", reason: "can't be read" }],
      }),
    },
    stops: { certificates: /kube-proxy\.pem must be a certificate, can't be read/ },
  },
  "etcd raises the alarm CORRUPT": {
    hosts: { master3: { etcd: etcdOf({ complaints: ["memberID:1 alarm:CORRUPT "] }) as Reachable["etcd"] } },
    stops: { source: /master3, a voter is refused: etcd's data must be sound, etcd raises the alarm CORRUPT/ },
  },
  "etcd's alarm NOSPACE stops nothing": {
    hosts: { master3: { etcd: etcdOf({ complaints: ["memberID:1 alarm:NOSPACE "] }) as Reachable["etcd"] } },
    stops: {},
  },
  "an etcd that is down, and its database can't be read": {
    hosts: { master3: { etcd: undefined, ...has({ database: { unreadable: "panic: freepages" } }) } },
    stops: { source: /`etcdctl snapshot status` says: panic: freepages/ },
  },
  "a pod's container without its sandbox": {
    hosts: { node2: has({ orphans: [{ id: "0a1b2c", name: "k8s_app_x", sandbox: "42b055b259df" }] }) },
    stops: { kubelets: /^node2: .*no PodsandBox found with Id '42b055b259df\.\.\.'"; `docker rm -f 0a1b2c` there$/ },
  },
  "a kubelet that restarts in a loop": {
    hosts: { node2: looping("F0601 11:40 kubelet.go:1372] Failed to start ContainerManager: no PodsandBox found") },
    stops: { kubelets: /^node2: the kubelet must run, it restarts in a loop \(9 times\): F0601/ },
  },
  "a kubelet that only misses the API": {
    hosts: { node2: looping("F0601 kubelet.go] Failed to initialize CSINode: dial tcp 192.168.31.101:6443") },
    stops: {},
  },
  "a kubelet that was restarted often, long ago": {
    hosts: { node2: looping("F0601 something", "running", now - 3_600_000) },
    stops: {},
  },
  "a sandbox that is made again and again stops nothing": {
    hosts: { node2: has({ restartedSandboxes: [{ pod: "default/web", attempt: 7, createdAt: now - 1000 }] }) },
    stops: {},
  },
  "a failover of an older epoch that wasn't finished": {
    settings: { epoch: 3, confirm: "a@3", attest: "powered-off@a@3" },
    hosts: {
      master3: {
        ...begun,
        ...has({ earlierPlan: { begun: "yes", steps: "etcd-member kube-apiserver rke-up" } }),
      },
    },
    stops: {
      "earlier acts":
        /^master3: epoch 2 \(failover:a:forceNewCluster:master3\) must be finished first, these steps are not recorded: kube-apiserver, rke-up/,
    },
  },
  "a failover of an older epoch that was finished": {
    settings: { epoch: 3, confirm: "a@3", attest: "powered-off@a@3" },
    hosts: { master3: { ...begun, ...has({ earlierPlan: { steps: "etcd-member" } }) } },
    stops: {},
  },
  "another host key": {
    hosts: { node2: { refusal: "another host key", reason: "must show the key K, shows L" } },
    stops: { "host keys": /^node2 \(192\.168\.31\.105\): must show the key K, shows L$/ },
  },
  "a login that is refused": {
    hosts: { node2: { refusal: "login refused", reason: "must let root in with the operator's key, refuses it" } },
    stops: { rights: /^node2 \(192\.168\.31\.105\): must let root in/ },
  },
  "steps that don't run as root": {
    hosts: { node2: { tools: { curl: true, root: false, runtime: "20", flock: true, installer: false } } },
    stops: { rights: /^node2: steps must run as root, they don't$/ },
  },
  "a survivor without room for a record": {
    hosts: { node2: has({ smallestFreeBytes: 4096 }) },
    stops: { "disk space": /^node2: 52428800 bytes must be free .* 4096 are$/ },
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
  "a majority survives and serves": {
    topology: witness(),
    settings: { confirm: undefined, attest: undefined },
    hosts: { master3: { etcd: etcdOf({ quorum: true }) as Reachable["etcd"] } },
    stops: { "quorum is lost": /^2 of 3 voters survive, a majority is 2: .* there is nothing to recover$/ },
  },
  "a majority survives, and doesn't serve": {
    topology: witness(),
    stops: {
      "quorum is lost":
        /^2 of 3 .*, but none of them answers .* \(etcd on master3: running, w1: running\): repair etcd on these hosts/,
      certificates: /w1: .*kube-etcd-192-168-31-106.pem must be there/,
    },
  },
  "no voter survives": {
    topology: learner(),
    stops: { source: /nothing to recover from survives the loss of a: no voter/ },
  },
  "two voters survive": {
    topology: twoSurvivors(),
    stops: {},
  },
  "two voters survive, and one of them can't be reached": {
    topology: twoSurvivors(),
    hosts: { master4: null },
    stops: {},
  },
  "two voters survive, and the deploy host can't be reached": {
    topology: twoSurvivors(),
    hosts: { master3: null },
    stops: { "survivors reachable": /^master3 \(192.168.31.103\): connect timed out$/ },
  },
  "two voters survive, and neither can be reached": {
    topology: twoSurvivors(),
    hosts: { master3: null, master4: null, node2: null },
    stops: { "survivors reachable": /^master3 .*; node2 .*; master4/ },
  },
  "two voters survive, and one shows another host key: it is there": {
    topology: twoSurvivors(),
    hosts: { master4: { refusal: "another host key", reason: "its key is another" } },
    stops: { "host keys": /^master4/ },
  },
  "etcd was recovered on a host that can't be reached, in an epoch before": {
    topology: twoSurvivors(),
    settings: { epoch: 3, confirm: "a@3", attest: "powered-off@a@3" },
    hosts: {
      master3: {
        epoch: 2,
        act: "failover:a:forceNewCluster:master4",
        preflight: preflight(twoSurvivors(), afterMaster3(), { earlierPlan: { member: "master4", steps: "claim" } }),
        steps: { claim: record("claim", 2, 1) },
      },
      master4: null,
    },
    stops: { "survivors reachable": /^master4 .*; etcd was recovered on master4 by a failover .*: bring it back/ },
  },
  "a second voter has no room for the data beside its own": {
    topology: twoSurvivors(),
    hosts: { master4: { freeBytes: 1e7 } },
    stops: { "disk space": /^master4: 10000000 bytes are free below .*, 100000000 are needed/ },
  },
  "a second voter can't refuse the lost side's packets after a restore": {
    topology: twoSurvivors(),
    settings: { method: "restore" },
    hosts: { master4: { isolation: { firewall: false, refused: [], boot: "" } } },
    stops: { isolation: /^master4: neither nft nor iptables/ },
  },
  "recover from a host that is no voter": {
    settings: { from: "node2" },
    stops: { source: /nothing of that name or kind survives .*: "node2"; next best: master3, a voter/ },
  },
  "a voter without data": {
    hosts: { master3: { etcd: undefined, etcdBytes: 0 } },
    stops: { source: /master3, a voter is refused: it has no etcd data/ },
  },
  "etcd doesn't run but its data is there": { hosts: { master3: { etcd: undefined } }, stops: {} },
  "method restore needs no attestation": {
    settings: { method: "restore", attest: undefined },
    stops: {},
  },
  "method restore, and a lost host answers all the same": {
    settings: { method: "restore", attest: undefined },
    answers: ["master1 22"],
    stops: { "lost side is silent": /master1 port 22 answers the operator/ },
  },
  "method restore, and nothing to refuse packets with": {
    settings: { method: "restore" },
    hosts: { master3: { isolation: { firewall: false, refused: [], boot: "" } } },
    stops: { isolation: /master3: neither nft nor iptables is there/ },
  },
  "tools are missing": {
    hosts: { master3: { tools: { curl: false, root: true, runtime: "", flock: false, installer: true } } },
    stops: {
      rights: /^master3: docker must answer, it doesn't$/,
      "tools on the survivors": /^master3: curl with --unix-socket .*; master3: flock/,
    },
  },
  "too little disk": { hosts: { master3: { freeBytes: 1e8 } }, stops: { "disk space": /200000000 are needed/ } },
  "too little disk for a snapshot that is larger than what etcd has there": {
    settings: { from: "snapshot" },
    hosts: {
      master3: {
        etcd: undefined,
        etcdBytes: 0,
        freeBytes: 5e9,
        files: [
          {
            path: "/backup/s1.db",
            state: "whole",
            bytes: 3e9,
            takenAt: now,
            revision: 400,
            described: { bytes: 3e9, cluster: "lab" },
          },
        ],
      },
    },
    stops: { "disk space": /5000000000 bytes are free below .*, 6000000000 are needed/ },
  },
  "rke is missing": {
    hosts: { master3: { tools: { curl: true, root: true, runtime: "20", flock: true, installer: false } } },
    stops: { "deploy host": /master3: rke is not on the PATH/ },
  },
  "no rkestate on the deploy host": {
    hosts: {
      master3: {
        deploy: {
          files: ["kube_config_cluster.yml"],
          server: "https://192.168.31.103:6443",
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
  "a clock is off": {
    hosts: { node2: { clockSkew: -61000 } },
    stops: {
      clocks:
        /^node2: its clock must be within 5\.0 s of the operator's, it is 61\.0 s behind; node2 and master3: .* 61\.0 s apart$/,
    },
  },
  "two clocks off to different sides": {
    hosts: { master3: { clockSkew: 4000 }, node2: { clockSkew: -4000 } },
    stops: { clocks: /^node2 and master3: their clocks must be within 5\.0 s of each other, they are 8\.0 s apart$/ },
  },
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

  it("nothing is called fine of survivors that nobody saw, nor of the lost side behind a bastion that is gone", () => {
    const bastion = { host: "192.168.31.9", hostKey: "unpinned" };
    const topology = parseTopology(raw(seedHosts, { ssh: { bastion } }));
    const told = (hosts: Case["hosts"]) => {
      const seen = afterLossOfA(topology, hosts);
      const verdicts = failoverGuards(topology, planFailover(topology, ready, seen), seen);
      return Object.fromEntries(verdicts.map((v) => [v.guard, v]));
    };
    const blind = told({ master3: null, node2: null });
    for (const guard of ["lost side is silent", "images", "clocks", "deploy host", "rights"]) {
      assert.deepEqual([blind[guard]?.unknown, blind[guard]?.found], [true, "not known, no survivor was seen"], guard);
    }
    const oneEyed = told({ node2: null });
    assert.match(oneEyed.images?.found ?? "", /are on the survivors \(not seen: node2\)$/);
    assert.equal(oneEyed["lost side is silent"]?.unknown, undefined);
  });
});
