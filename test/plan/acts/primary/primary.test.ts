import assert from "node:assert/strict";
import { primaryAct } from "../../../../plan/acts/primary/plan";
import { planPrimary } from "../../../../plan/acts/primary/primary";
import { peerUrl } from "../../../../plan/etcd/urls";
import type { EtcdStatus, Reachable } from "../../../../plan/facts/facts";
import type { Observation } from "../../../../plan/facts/observation";
import { primaryGuards } from "../../../../plan/guards/primary";
import { allHosts } from "../../../../plan/topology/topology";
import { container, named, record, survivor } from "../../worlds/observations";
import { stoppedBy } from "../../worlds/stopped-by";
import { seed } from "../../worlds/topologies";

const topology = seed();

/** Hosts as they are before anything was built; `null` makes one unreachable. */
function bare(change: Record<string, Partial<Reachable> | null> = {}): Observation {
  const nothing = { epoch: 0, act: undefined, processes: {}, etcd: undefined, deploy: undefined, trust: {} };
  return observation((name) => (change[name] === null ? null : { ...nothing, ...change[name] }));
}

/** Hosts of a cluster that was built whole. */
function built(change: Record<string, Partial<Reachable>> = {}, quorum = true): Observation {
  const names = ["claim", "deploy-files", "authorize", "trust", "etcd-join", "rke-up", "return-guard"];
  const steps = Object.fromEntries(names.map((name) => [name, record(name, 1, 1)]));
  const server = (name: string) => `https://192.168.31.${name === "master1" ? 101 : 103}:6443`;
  const files = ["cluster.yml", "cluster.rkestate", "certs/kube-admin.pem", "ssh/id_ed25519", "ssh/known_hosts"];
  const members = ["master1", "master2", "master3"].map((name) => ({
    id: name,
    started: true,
    name: `etcd-${name}`,
    peerUrls: [peerUrl(master(name))],
    learner: false,
  }));
  const etcd = { ...survivor(topology, master("master1")).etcd, quorum } as EtcdStatus;
  return observation((name) => ({
    act: primaryAct,
    steps,
    processes: { ...survivor(topology, master(name)).processes, ...(master(name).etcd === "voter" ? guard : {}) },
    ...(master(name).etcd === "voter" ? { etcd, members: quorum ? members : [] } : {}),
    deploy: { files, server: server(name), certificateEnds: "", clusterYml: "" },
    ...change[name],
  }));
}

function observation(change: (name: string) => Partial<Reachable> | null): Observation {
  return {
    hosts: Object.fromEntries(
      allHosts(topology).map((h) => {
        const own = change(h.name);
        return [
          h.name,
          own === null ? { reachable: false, host: h.name, reason: "no route to host" } : survivor(topology, h, own),
        ];
      }),
    ),
    answers: [],
    at: 0,
  };
}

const due = (seen: Observation) =>
  planPrimary(topology, 1, seen)
    .steps.filter((s) => s.due)
    .map((s) => s.name);

const guard = {
  "rke-dr-guard": container(named("rke-dr-guard")),
};
/** After everything else, where there is something to guard. */
const guards = ["master3", "master1", "master2"].map((h) => `return-guard-${h}`);

describe("building the cluster", () => {
  it("everything is to be done at first, rke last, on the standby's deploy host", () => {
    const steps = planPrimary(topology, 1, bare()).steps;
    assert.deepEqual(
      due(bare()),
      steps.map((s) => s.name),
    );
    const rkeUp = steps.findIndex((s) => s.name === "rke-up-master3");
    assert.deepEqual(
      steps.slice(rkeUp + 1).map((s) => s.name),
      guards,
    );
  });

  it("nothing is to be done when all is there", () => assert.deepEqual(due(built()), []));

  const cases: [string, Record<string, Partial<Reachable>>, string[]][] = [
    [
      "an etcd was stopped",
      {
        master2: {
          etcd: undefined,
          processes: Object.fromEntries(
            Object.entries(survivor(topology, master("master2")).processes).map(([name, c]) => [
              name,
              { ...c, status: name === "etcd" ? "exited" : "running" },
            ]),
          ),
        },
      },
      ["etcd-join-master2", "rke-nodes-master3", "rke-up-master3", ...guards],
    ],
    [
      "a deploy host's kubeconfig names the other side",
      {
        master1: {
          deploy: {
            files: ["cluster.yml", "certs/kube-admin.pem", "ssh/id_ed25519", "ssh/known_hosts"],
            server: "https://192.168.31.103:6443",
            clusterYml: "",
          },
        },
      },
      ["rke-up-master3", ...guards],
    ],
    [
      "a deploy host lost its key",
      { master3: { trust: {} } },
      [
        ...["master3", "node2", "master1", "master2", "node1"].map((h) => `authorize-${h}`),
        "trust-master1",
        "trust-master3",
        "etcd-depart-master3",
        ...["master3", "master1", "master2"].map((h) => `etcd-join-${h}`),
        "rke-nodes-master3",
        "rke-up-master3",
        ...guards,
      ],
    ],
  ];
  const trust = (result: string) => ({
    ...survivor(topology, master("master3")).trust,
    "root@192.168.31.105:22": result,
  });
  for (const late of ["no answer within 8 s", "Connection timed out during banner exchange"]) {
    cases.push([`SSH from a deploy host to a busy host says "${late}"`, { master3: { trust: trust(late) } }, []]);
  }
  const [, , keyLost = []] = cases.find(([what]) => what === "a deploy host lost its key") ?? [];
  for (const shown of [
    "Permission denied (publickey).",
    "connect to host 192.168.31.105 port 22: Connection refused",
  ]) {
    cases.push([
      `SSH from a deploy host says "${shown}"`,
      { master3: { trust: trust(shown) } },
      keyLost.filter((name) => !/^authorize-(?!node2)/.test(name)),
    ]);
  }
  for (const [what, change, expected] of cases) {
    it(`${what}: ${expected.length} step(s) run again`, () => assert.deepEqual(due(built(change)), expected));
  }
});

function master(name: string) {
  const host = allHosts(topology).find((h) => h.name === name);
  assert.ok(host);
  return host;
}

describe("guards of primary", () => {
  const cases: [string, Observation, number, Record<string, RegExp>][] = [
    ["new hosts", bare(), 1, {}],
    ["its own cluster", built(), 1, {}],
    [
      "an unreachable host",
      bare({ node1: null }),
      1,
      { "hosts reachable": /node1 \(192\.168\.31\.104\): must answer SSH: no route to host/ },
    ],
    [
      "a cluster that somebody else built",
      bare({ master1: { processes: survivor(topology, master("master1")).processes } }),
      1,
      { "no foreign cluster": /master1: must run nothing of a cluster .*: etcd, kube-apiserver$/ },
    ],
    [
      "after a failover",
      built({ master3: { epoch: 2, act: "failover:a:forceNewCluster:master3" } }),
      1,
      { epoch: /master3: an epoch older than the host's is refused, it is at 2 \(failover:a:.*\): 1/ },
    ],
    [
      "the failover's epoch",
      built({ master3: { epoch: 2, act: "failover:a:forceNewCluster:master3" } }),
      2,
      { epoch: /master3: epoch 2 is another act's there/ },
    ],
    [
      "quorum is lost",
      built(Object.fromEntries(["master1", "master2"].map((h) => [h, { etcd: undefined }])), false),
      1,
      { "members of etcd": /must answer a linearizable read, .*: none does \(master3 answers, master1 doesn't answer/ },
    ],
    [
      "a newer epoch",
      built(),
      3,
      { epoch: /master1: a newer epoch is a failback's, and there was no failover, it is at 1 \(primary\): 3/ },
    ],
    [
      "no deploy host that has RKE's state",
      built(
        Object.fromEntries(
          ["master1", "master3"].map((h) => [h, { deploy: { files: [], server: "", clusterYml: "" } }]),
        ),
      ),
      1,
      { "hosts that change": /^master1 and master3: a deploy host must have RKE's state .*: none has it$/ },
    ],
    [
      "no rke",
      bare({ master1: { tools: { curl: true, root: true, runtime: "20", flock: true, installer: false } } }),
      1,
      { "rke on the deploy hosts": /master1: rke must be on the PATH: missing/ },
    ],
  ];
  for (const [what, seen, epoch, stops] of cases) {
    it(what, () => {
      stoppedBy(primaryGuards(topology, planPrimary(topology, epoch, seen), seen, undefined), stops);
    });
  }

  it("lost quorum points at the failover", () => {
    const [, seen, epoch] = cases.find(([, , , stops]) => "members of etcd" in stops) ?? [];
    assert.ok(seen && epoch);
    const verdicts = primaryGuards(topology, planPrimary(topology, epoch, seen), seen, undefined);
    const problems = verdicts.find((v) => v.guard === "members of etcd")?.problems.join("\n") ?? "";
    assert.match(problems, /`pulumi preview --stack failover`/);
  });
});
