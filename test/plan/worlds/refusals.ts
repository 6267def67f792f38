import assert from "node:assert/strict";
import type { FailoverSettings } from "../../../plan/acts/failover/plan";
import { parseTopology } from "../../../plan/declaration/declaration";
import type { Reachable } from "../../../plan/facts/facts";
import type { CertificateFacts, PreflightFacts } from "../../../plan/facts/preflight";
import { withArgument } from "../../../plan/runtimes/process";
import type { Topology } from "../../../plan/topology/topology";
import { type afterLossOfA, container, named, now, preflight, record, survivor } from "./observations";
import { learner, raw, seed, seedHosts } from "./topologies";

const member = ["controlplane", "worker", "etcd"];
const twoSurvivors = () =>
  parseTopology(
    raw({
      a: { ...seedHosts.a, master5: ["192.168.31.106", member] },
      b: { ...seedHosts.b, master4: ["192.168.31.107", member] },
    }),
  );

/** A failover of datacenter a, and the guards that must stop it. */
export interface Refusal {
  topology?: Topology;
  settings?: Partial<FailoverSettings>;
  hosts?: Parameters<typeof afterLossOfA>[1];
  answers?: string[];
  /** The guards that must stop the act, and what each says is wrong. */
  stops: Record<string, RegExp>;
  /** By guard: what is to be read among its ways on. */
  ways?: Record<string, RegExp>;
  /** By guard: what must not be there. */
  noWay?: Record<string, RegExp>;
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
const master4 = () => {
  const host = twoSurvivors().datacenters[1]?.hosts.find((h) => h.name === "master4");
  assert.ok(host);
  return host;
};
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

/** The seed's cluster after master2 was taken out of its topology. */
const withoutMaster2 = () =>
  parseTopology(raw({ ...seedHosts, a: { master1: seedHosts.a.master1, node1: seedHosts.a.node1 } }));
/** A member as etcd's peer port lists it. @param last the last byte of its address */
const peer = (last: string) => ({
  name: `etcd-192.168.31.${last}`,
  peerUrls: [`https://192.168.31.${last}:2380`],
  learner: false,
});
const expired = { notBefore: 0, notAfter: now - 1000, dnsNames: [], ipAddresses: [], signed: undefined };
const third: Partial<FailoverSettings> = { epoch: 3, confirm: "a@3", attest: "powered-off@a@3" };
/** The act of epoch 2 has set the old etcd aside, and its etcd doesn't become healthy. */
const failedForGood: Partial<Reachable> = {
  epoch: 2,
  act: "failover:a:forceNewCluster:master3",
  etcd: undefined,
  ...has({
    earlierPlan: {
      begun: "yes",
      method: "forceNewCluster",
      source: "master3",
      steps: "etcd-member kube-apiserver rke-up",
    },
    failures: [
      {
        step: "etcd-member",
        host: "master3",
        epoch: 2,
        generation: 1,
        startedAt: now,
        milliseconds: 1,
        did: [],
        exit: 1,
        error: "etcd: not healthy 60 s after its start",
      },
    ],
  }),
};

/** By what is wrong. */
export const refusals: Record<string, Refusal> = {
  "all is well": { stops: {} },
  "no confirmation": { settings: { confirm: undefined }, stops: { confirmation: /must be "a@2": not set/ } },
  "a confirmation of another epoch": { settings: { confirm: "a@3" }, stops: { confirmation: /: "a@3"/ } },
  "a confirmation of another datacenter": { settings: { confirm: "b@2" }, stops: { confirmation: /: "b@2"/ } },
  "no attestation": {
    settings: { attest: undefined },
    stops: { attestation: /must be "powered-off@a@2": not set/ },
    ways: { attestation: /your word that master1, master2, node1 are down and stay down/ },
  },
  "another attestation": { settings: { attest: "yes" }, stops: { attestation: /: "yes"$/ } },
  "an attestation of no act in particular": {
    settings: { attest: "powered-off" },
    stops: {
      attestation:
        /^rke-dr:attest: must be "powered-off@a@2": "powered-off", which names neither datacenter nor epoch$/,
    },
    ways: { attestation: /`pulumi config set attest "?powered-off@a@2"? --stack failover`/ },
  },
  "an attestation that an earlier epoch left": {
    settings: { epoch: 4, confirm: "a@4" },
    stops: {
      attestation: /must be "powered-off@a@4": "powered-off@a@2", which is not this failover's/,
    },
    ways: { attestation: /`pulumi config set attest "?powered-off@a@4"? --stack failover`/ },
  },
  "an attestation of another datacenter": {
    settings: { attest: "powered-off@b@2" },
    stops: { attestation: /must be "powered-off@a@2": "powered-off@b@2", which is not this failover's/ },
  },
  "an attestation with more behind it": { settings: { attest: "powered-off@a@22" }, stops: { attestation: /a@22/ } },
  "an attestation of an earlier epoch where none is needed": {
    settings: { method: "restore", attest: "powered-off@a@1" },
    stops: {},
  },
  "etcd 3.6.0, which keeps the dead as voters": {
    hosts: { master3: { etcd: runs("3.6.0") } },
    stops: {
      "etcd's version": /^master3: etcd 3\.6\.0 must be safe to force: --force-new-cluster leaves the dead members /,
    },
    ways: { "etcd's version": /`pulumi config set --path recover\.method restore --stack failover`/ },
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
  "etcd 3.4.13 of a member that was replaced in peace, as a learner": {
    hosts: { node2: { steps: { "etcd-join": record("etcd-join", 1, 1) } }, master3: { etcd: runs("3.4.13") } },
    stops: { "etcd's version": /3\.4\.13/ },
  },
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
        /: master1 port 22 answers node2; port 2379 answers node2; master2 port 22 .*; port 2380 refuses node2; node1 port 22/,
    },
  },
  "a lost host answers a survivor": {
    hosts: { node2: { answers: ["master2 22"] } },
    stops: { "lost side is silent": /master2 port 22 answers node2/ },
  },
  "an unreachable survivor": {
    hosts: { node2: null },
    stops: {
      "survivors reachable": /^node2 \(192\.168\.31\.105\): must answer SSH: connect timed out$/,
    },
    ways: {
      "survivors reachable":
        /^Bring node2 back.*\nOr take node2 out of Pulumi\.yaml \(a reviewed change in git\).* deletes the Node/,
    },
  },
  "an unreachable survivor with etcd can't be left out": {
    hosts: { master3: null },
    stops: { "survivors reachable": /^master3 \(192\.168\.31\.103\): must answer SSH: connect timed out$/ },
    noWay: { "survivors reachable": /out of Pulumi\.yaml/ },
  },
  "no survivor can be reached: it isn't the worker": {
    hosts: { master3: null, node2: null },
    stops: {
      "survivors reachable":
        /^master3 \(\S+\): must answer SSH: connect timed out; node2 \(\S+\): must answer SSH: connect timed out$/,
    },
    noWay: { "survivors reachable": /out of Pulumi\.yaml/ },
  },
  "without its dead worker the datacenter fails over": {
    topology: parseTopology(raw({ ...seedHosts, b: { master3: seedHosts.b.master3 } })),
    stops: {},
  },
  "a newer epoch on a host": {
    hosts: { node2: { epoch: 3, act: "primary" } },
    stops: { epoch: /node2: an epoch older than the host's is refused, it is at 3 \(primary\): 2/ },
  },
  "the same epoch with another act": {
    hosts: { master3: { epoch: 2, act: "failover:b:restore:master1" } },
    stops: { epoch: /master3: epoch 2 is another act's there \(failover:b:restore:master1\): failover:a:/ },
  },
  "the same epoch with the same act resumes": {
    hosts: { master3: begun, node2: { epoch: 2, act: begun.act } },
    stops: {},
  },
  "a survivor of another cluster": {
    hosts: { node2: { cluster: "shop" } },
    stops: { "the hosts meant": /node2 \(192\.168\.31\.105\): must belong to cluster lab: it belongs to cluster shop/ },
  },
  "another member's etcd at the survivor's address": {
    hosts: { master3: { processes: othersEtcd() } },
    stops: { "the hosts meant": /master3: its etcd's name must be etcd-master3: etcd-shop1/ },
  },
  "an image of etcd's that is missing": {
    hosts: { master3: has({ images: ["rancher/hyperkube:v1.20.5-rancher1", "rancher/rke-tools:v0.1.72"] }) },
    stops: {
      images: /^master3: image rancher\/coreos-etcd:v3\.4\.14-rancher1 \(etcd\) must be on the host: missing/,
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
        /^master3: \/etc\/kubernetes\/ssl\/kube-node\.pem must be valid: not yet before 2026-11-21T13:00:58Z, by the host's clock it is 2026-11-21T12:00:58Z$/,
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
    stops: { clocks: /^master3: its clock .*: 3700\.0 s ahead; node2: its clock .*: 3700\.0 s ahead$/ },
    ways: { clocks: /own clock right\?/ },
  },
  "a certificate that has expired": {
    hosts: { master3: has({ certificates: altered("kube-ca", { notAfter: now - 1000 }) }) },
    stops: { certificates: /kube-ca\.pem must be valid: has expired on 2026-11-21T12:00:57Z/ },
  },
  "another host's etcd certificate may have expired": {
    hosts: { master3: has({ certificates: altered("kube-etcd-192-168-31-101", { notAfter: 0 }) }) },
    stops: {},
  },
  "an API server's certificate without a survivor's address": {
    hosts: { master3: has({ certificates: altered("kube-apiserver", { ipAddresses: ["127.0.0.1", "10.43.0.1"] }) }) },
    stops: { certificates: /kube-apiserver\.pem must be good for 192\.168\.31\.103: is not/ },
  },
  "an etcd certificate copied from another host": {
    hosts: {
      master3: has({
        certificates: altered("kube-etcd-192-168-31-103", { dnsNames: ["master1"], ipAddresses: ["192.168.31.101"] }),
      }),
    },
    stops: {
      certificates: /kube-etcd-192-168-31-103\.pem must be good for 192\.168\.31\.103, master3, 127\.0\.0\.1: is not/,
    },
  },
  "an etcd certificate of another CA": {
    hosts: { master3: has({ certificates: altered("kube-etcd-192-168-31-103", { signed: false }) }) },
    stops: { certificates: /must be signed by the CA beside it/ },
  },
  "an etcd certificate of a member that joins anew, which has expired": {
    topology: twoSurvivors(),
    hosts: {
      master4: {
        preflight: preflight(twoSurvivors(), master4(), {
          certificates: preflight(twoSurvivors(), master4()).certificates.map((c) =>
            c.name === "kube-etcd-192-168-31-107" ? { ...c, notAfter: 0 } : c,
          ),
        }),
      },
    },
    stops: { certificates: /^master4: .*kube-etcd-192-168-31-107\.pem must be valid: has expired/ },
  },
  "no certificate of the API server": {
    hosts: { master3: has({ certificates: facts().certificates.filter((c) => c.name !== "kube-apiserver") }) },
    stops: { certificates: /kube-apiserver\.pem must be there: missing/ },
  },
  "a certificate file that holds none": {
    hosts: {
      master3: has({
        unreadableCertificates: [{ file: "/etc/kubernetes/ssl/kube-node.pem", reason: "can't be read" }],
      }),
    },
    stops: { certificates: /kube-node\.pem must be a certificate: can't be read/ },
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
    stops: { kubelets: /^node2: each pod's container must have its sandbox: k8s_app_x \(0a1b2c\) has none$/ },
    ways: { kubelets: /^`docker rm -f 0a1b2c` there\n.*no PodsandBox found with Id '42b055b259df\.\.\.'/ },
  },
  "a kubelet that restarts in a loop": {
    hosts: { node2: looping("F0601 11:40 kubelet.go:1372] Failed to start ContainerManager: no PodsandBox found") },
    stops: { kubelets: /^node2: the kubelet must run: it restarts in a loop \(9 times\): F0601/ },
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
  "an act that goes on with a full disk: nothing that it has set aside or restores from may go": {
    settings: { from: "snapshot" },
    hosts: {
      master3: {
        ...begun,
        ...has({ smallestFreeBytes: 4096 }),
        aside: [
          { path: "/var/lib/etcd/before-epoch-1", bytes: 10, at: 0 },
          { path: "/var/lib/etcd/before-epoch-2", bytes: 1e9, at: 0 },
        ] as never,
      },
    },
    stops: { "disk space": /^master3: 50 MiB .* must be free/ },
    ways: { "disk space": /`rm -r \/var\/lib\/etcd\/before-epoch-1`/ },
    noWay: { "disk space": /before-epoch-2/ },
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
        /^master3: epoch 2 \(failover:a:forceNewCluster:master3\): must be finished first: not recorded: kube-apiserver, rke-up$/,
    },
  },
  "a failover of an older epoch that was finished": {
    settings: { epoch: 3, confirm: "a@3", attest: "powered-off@a@3" },
    hosts: { master3: { ...begun, ...has({ earlierPlan: { steps: "etcd-member" } }) } },
    stops: {},
  },
  "another host key": {
    hosts: { node2: { refusal: "another host key", reason: "must show the key K, shows L" } },
    stops: { "host keys": /^node2 \(192\.168\.31\.105\): host key: must show the key K, shows L$/ },
  },
  "a login that is refused": {
    hosts: { node2: { refusal: "login refused", reason: "must let root in with the operator's key, refuses it" } },
    stops: { rights: /^node2 \(192\.168\.31\.105\): login: must let root in/ },
  },
  "a user who isn't root": {
    hosts: { node2: { tools: { curl: true, root: false, runtime: "20", flock: true, installer: false } } },
    stops: { rights: /^node2: steps must run as root: they don't$/ },
  },
  "a survivor without room for a record": {
    hosts: { node2: has({ smallestFreeBytes: 4096 }) },
    stops: { "disk space": /^node2: 50 MiB \(52428800 bytes\) must be free .*: 0 MiB \(4096 bytes\)$/ },
  },
  "claimed, but not begun: quorum counts": {
    hosts: { master3: { ...begun, steps: {}, etcd: etcdOf({ quorum: true }) as Reachable["etcd"] } },
    stops: { "quorum is lost": /still has quorum/ },
  },
  "etcd still has quorum": {
    hosts: { master3: { etcd: etcdOf({ quorum: true }) as Reachable["etcd"] } },
    stops: { "quorum is lost": /^master3: its etcd must have lost its quorum: it answers a linearizable read/ },
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
      "quorum is lost": /^2 of 3 .*, but none of them answers .* \(etcd on master3: running, w1: running\)$/,
      certificates: /w1: .*kube-etcd-192-168-31-106.pem must be there/,
    },
    ways: { "quorum is lost": /Repair etcd on these hosts: `docker start etcd` there/ },
  },
  "no voter survives": {
    topology: learner(),
    stops: { source: /must survive the loss of a: nothing to recover from on master3, node2/ },
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
    stops: { "survivors reachable": /^master3 \(192.168.31.103\): must answer SSH: connect timed out$/ },
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
    stops: { "survivors reachable": /^master4 \S+: must answer SSH: connect timed out$/ },
    ways: { "survivors reachable": /etcd was recovered on master4 by a failover that no failback has ended/ },
  },
  "a second voter has no room for the data beside its own": {
    topology: twoSurvivors(),
    hosts: { master4: { freeBytes: 1e7 } },
    stops: { "disk space": /^master4: .*\(100000000 bytes\) must be free below \/var\/lib: .*\(10000000 bytes\)$/ },
  },
  "a second voter can't refuse the lost side's packets after a restore": {
    topology: twoSurvivors(),
    settings: { method: "restore" },
    hosts: { master4: { isolation: { firewall: false, refused: [], boot: "" } } },
    stops: { isolation: /^master4: must be able to refuse .*: neither nft nor iptables/ },
  },
  "recover from a host that is no voter": {
    settings: { from: "node2" },
    stops: { source: /^rke-dr:recover\.from: something of that name or kind must survive .*: "node2"$/ },
    ways: { source: /^Next best: master3, a voter/ },
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
    stops: { isolation: /^master3: must be able to refuse .*: neither nft nor iptables is there$/ },
  },
  "tools are missing": {
    hosts: { master3: { tools: { curl: false, root: true, runtime: "", flock: false, installer: true } } },
    stops: {
      rights: /^master3: docker must answer: it doesn't$/,
      "tools on the survivors": /^master3: curl must have --unix-socket .*; master3: flock/,
    },
  },
  "too little disk": {
    hosts: { master3: { freeBytes: 1e8 } },
    stops: { "disk space": /190 MiB \(200000000 bytes\) must be free .*: 95 MiB/ },
  },
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
    stops: { "disk space": /\(6000000000 bytes\) must be free below .*: 4768 MiB \(5000000000 bytes\)$/ },
  },
  "rke is missing": {
    hosts: { master3: { tools: { curl: true, root: true, runtime: "20", flock: true, installer: false } } },
    stops: { "deploy host": /^master3: rke must be on the PATH: missing$/ },
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
    stops: { "deploy host": /: cluster\.rkestate, .*certs\/kube-admin\.pem, .* are missing$/ },
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
    stops: { "SSH from the deploy host": /master3 to node2: its SSH key must open the host: Permission denied$/ },
  },
  "the deploy host gets no answer by SSH from a survivor in time": {
    hosts: {
      master3: { trust: { "root@192.168.31.103:22": "ok", "root@192.168.31.105:22": "no answer within 8 s" } },
    },
    stops: { "SSH from the deploy host": /master3 to node2: SSH must reach the host: no answer within 8 s$/ },
  },
  "a clock is off": {
    hosts: { node2: { clockSkew: -61000 } },
    stops: {
      clocks:
        /^node2: its clock must be within 5\.0 s of the operator's: 61\.0 s behind; node2 and master3: .*: 61\.0 s apart$/,
    },
  },
  "two clocks off to different sides": {
    hosts: { master3: { clockSkew: 4000 }, node2: { clockSkew: -4000 } },
    stops: { clocks: /^node2 and master3: their clocks must be within 5\.0 s of each other: 8\.0 s apart$/ },
  },
  "a voter that the topology lacks, as etcd's own list has it": {
    topology: withoutMaster2(),
    hosts: { master3: { peers: ["101", "102", "103"].map((last) => peer(last)) } },
    stops: {
      "members declared":
        /^etcd-192\.168\.31\.102 \(https:\/\/192\.168\.31\.102:2380\): each member of etcd must stand in the topology: Pulumi\.yaml lacks it, etcd on master3 has it$/,
    },
  },
  "a voter that the topology lacks, as an etcd was started that doesn't answer": {
    topology: withoutMaster2(),
    hosts: { master3: { etcd: undefined, processes: survivor(seed(), afterMaster3()).processes } },
    stops: {
      "members declared":
        /^etcd-master2 \(.*102:2380\): .*--initial-cluster of etcd on master3, which doesn't answer, has it$/,
    },
  },
  "a member on a host that has no part in etcd by the topology": {
    hosts: { master3: { peers: ["101", "102", "103", "104"].map((last) => peer(last)) } },
    stops: {
      "members declared": /^etcd-192\.168\.31\.104 .*: Pulumi\.yaml has node1 without a part in etcd, etcd on master3/,
    },
  },
  "etcd's own list counts, not what it was started with": {
    topology: withoutMaster2(),
    hosts: {
      master3: {
        peers: ["101", "103"].map((last) => peer(last)),
        processes: survivor(seed(), afterMaster3()).processes,
      },
    },
    stops: {},
  },
  "an expired certificate that nothing uses": {
    hosts: {
      master3: has({
        certificates: [...facts().certificates, { ...expired, file: "/etc/kubernetes/ssl/old.pem", name: "old" }],
      }),
    },
    stops: {},
  },
  "a worker's kubelet has an expired certificate": {
    hosts: {
      node2: has({ certificates: [{ ...expired, file: "/etc/kubernetes/ssl/kube-node.pem", name: "kube-node" }] }),
    },
    stops: {},
  },
  "the same act with another method, when it has begun": {
    settings: { method: "restore" },
    hosts: { master3: begun, node2: { epoch: 2, act: begun.act } },
    stops: {
      epoch:
        /^master3: epoch 2 is another act's there \(failover:a:forceNewCluster:master3\): failover:a:restore:master3;/,
    },
  },
  "an act whose etcd failed for good isn't repeated with the next epoch": {
    settings: third,
    hosts: { master3: failedForGood },
    stops: { "earlier acts": /^master3: epoch 2 \(failover:a:forceNewCluster:master3\): must be finished first: / },
  },
  "an act whose etcd failed for good is superseded by another method": {
    settings: { ...third, method: "restore" },
    hosts: { master3: failedForGood },
    stops: {},
  },
  "an act whose etcd serves isn't superseded": {
    settings: { ...third, method: "restore" },
    hosts: { master3: { ...failedForGood, etcd: etcdOf({ quorum: true }) as Reachable["etcd"] } },
    stops: { "earlier acts": /must be finished first/, "quorum is lost": /answers a linearizable read/ },
  },
  "everything at once is told at once": {
    settings: { confirm: undefined, attest: undefined },
    answers: ["master1 22"],
    hosts: { node2: null },
    stops: { confirmation: /./, attestation: /./, "lost side is silent": /./, "survivors reachable": /./ },
  },
};
