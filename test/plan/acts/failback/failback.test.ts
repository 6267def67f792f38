import assert from "node:assert/strict";
import { failbackOf, nextFailure } from "../../../../plan/acts/failback/failback";
import { planPrimary } from "../../../../plan/acts/primary/primary";
import { peerUrl } from "../../../../plan/etcd/urls";
import type { EtcdStatus, Reachable } from "../../../../plan/facts/facts";
import type { Observation } from "../../../../plan/facts/observation";
import { primaryGuards } from "../../../../plan/guards/primary";
import { describePrimary } from "../../../../plan/preview/describe";
import { argument, commandOf } from "../../../../plan/runtimes/process";
import { allHosts } from "../../../../plan/topology/topology";
import { hostOf, returned, topology } from "../../worlds/failback-world";
import { container, named, record, survivor } from "../../worlds/observations";
import { stepNamed, waits } from "../../worlds/step-order";
import { stoppedBy } from "../../worlds/stopped-by";
import { learner } from "../../worlds/topologies";

const host = hostOf(topology);

describe("which failback primary means", () => {
  const role = { role: "failback", lost: "a", from: "2" };
  const cases: [what: string, epoch: number, seen: Observation, from: { epoch: number; lost: string } | undefined][] = [
    ["the next epoch after a failover", 3, returned(), { epoch: 2, lost: "a" }],
    ["a later one, too", 9, returned(), { epoch: 2, lost: "a" }],
    ["the failover's own epoch is none", 2, returned(), undefined],
    ["an older one is none", 1, returned(), undefined],
    [
      "peace is none",
      3,
      returned({ master3: { epoch: 1, act: "primary" }, node2: { epoch: 1, act: "primary" } }),
      undefined,
    ],
    [
      "one that a host has recorded, though all are told of it",
      3,
      returned(
        Object.fromEntries(
          ["master1", "master2", "master3", "node1", "node2"].map((h) => [h, { epoch: 3, act: "primary", plan: role }]),
        ),
      ),
      { epoch: 2, lost: "a" },
    ],
    [
      "one whose first claim was cut before the epoch was written",
      3,
      returned({ master3: { act: "primary", plan: role }, node2: { act: "primary" } }),
      { epoch: 2, lost: "a" },
    ],
    [
      "a rebuilt host that knows nothing doesn't matter",
      3,
      returned({ master2: { epoch: 0 } }),
      { epoch: 2, lost: "a" },
    ],
  ];
  for (const [what, epoch, seen, from] of cases) {
    it(what, () => assert.deepEqual(failbackOf(topology, epoch, seen)?.from, from));
  }

  it("the leader goes where most voters are", () =>
    assert.deepEqual(
      failbackOf(topology, 3, returned())?.preferred.map((h) => h.name),
      ["master1", "master2"],
    ));
});

describe("what the next failure costs", () => {
  for (const [members, cost] of [
    [["m3"], /if m3 is lost now, the API stops and the only copy/],
    [["m3", "m1"], /if one of m3, m1 is lost now, writes stop/],
    [["m3", "m1", "m2"], /any one of m3, m1, m2 can be lost without a stop/],
    [["a", "b", "c", "d"], /any one of/],
    [["a", "b", "c", "d", "e"], /any 2 of/],
  ] as const) {
    it(`${members.length} voters`, () => assert.match(nextFailure([...members]), cost));
  }
});

describe("the steps of a failback", () => {
  const plan = planPrimary(topology, 3, returned());
  const names = plan.steps.map((s) => s.name);
  const found = (name: string) => stepNamed(plan.steps, name);

  it("all are to be done", () => assert.ok(plan.steps.every((s) => s.due)));
  it("each name is there once", () => assert.equal(new Set(names).size, names.length));

  for (const [later, earlier] of [
    ["quarantine-master1", "claim-node2"],
    ["etcd-join-master1", "quarantine-master2"],
    ["unisolate-master3", "quarantine-master2"],
    ["etcd-join-master1", "unisolate-master3"],
    ["etcd-join-master2", "etcd-join-master1"],
    ["etcd-join-master3", "quarantine-master1"],
    ["kube-apiserver-master1", "etcd-join-master2"],
    ["leader-master1", "kube-apiserver-master2"],
    ["etcd-arguments-master3", "leader-master1"],
    ["kube-apiserver-master3", "etcd-arguments-master3"],
    ["rke-state-back-master3", "first-write-master3"],
    ["rke-up-master3", "rke-state-back-master3"],
    ["rke-up-master3", "watchers-node1"],
    ["verify-nodes-master3", "rke-up-master3"],
    ["return-guard-master1", "rke-up-master3"],
  ] as const) {
    it(`${later} waits for ${earlier}`, () => assert.ok(waits(plan.steps, later, earlier)));
  }

  it("workers are not put in quarantine: nothing there serves old data", () =>
    assert.ok(!names.includes("quarantine-node1")));

  it("each claim says what comes back, so that a rerun knows", () =>
    assert.equal(found("claim-master1").data, "role=failback\nlost=a\nfrom=2"));

  it("the survivor's etcd and kube-apiserver get all members again", () => {
    const etcd = JSON.parse(found("etcd-arguments-master3").data) as { Cmd: string[] };
    assert.equal(
      argument(etcd.Cmd, "initial-cluster"),
      "etcd-master3=https://192.168.31.103:2380,etcd-master1=https://192.168.31.101:2380,etcd-master2=https://192.168.31.102:2380",
    );
    assert.equal(argument(etcd.Cmd, "initial-cluster-state"), "new");
    const api = JSON.parse(found("kube-apiserver-master3").data) as { Entrypoint: string[] };
    assert.equal(
      argument(api.Entrypoint, "etcd-servers"),
      "https://192.168.31.103:2379,https://192.168.31.101:2379,https://192.168.31.102:2379",
    );
  });

  it("what the return guard set aside is taken for what ran", () => {
    const { etcd, "kube-apiserver": api } = survivor(topology, host("master1")).processes;
    assert.ok(etcd && api);
    const extra = { ...api, process: { ...api.process, entrypoint: [...commandOf(api.process), "--v=4"] } };
    const seen = returned({ master1: { processes: { "kube-apiserver-before-epoch-2": extra } } });
    const step = planPrimary(topology, 3, seen).steps.find((s) => s.name === "kube-apiserver-master1");
    assert.match(step?.data ?? "", /--v=4/);
  });

  it("a rebuilt host's kube-apiserver is left to RKE", () => {
    const steps = planPrimary(topology, 3, returned({ master1: { epoch: 0, processes: {} } })).steps;
    assert.ok(!steps.some((s) => s.name === "kube-apiserver-master1"));
    assert.ok(steps.some((s) => s.name === "etcd-join-master1"));
  });

  it("also by a second `up`, which finds the one that RKE made", () => {
    const { "kube-apiserver": api } = survivor(topology, host("master1")).processes;
    assert.ok(api);
    const quarantined = { epoch: 3, steps: { quarantine: record("quarantine", 3, 1) } };
    const found = (processes: Reachable["processes"]) =>
      planPrimary(topology, 3, returned({ master1: { ...quarantined, processes } })).steps.find(
        (s) => s.name === "kube-apiserver-master1",
      );
    assert.equal(found({ "kube-apiserver": api }), undefined);
    const aside = { ...api, name: "kube-apiserver-before-epoch-3" };
    const ours = { ...api, epoch: 3 };
    assert.equal(found({ "kube-apiserver": ours }), undefined, "what this act made is no original");
    assert.ok(found({ "kube-apiserver": ours, "kube-apiserver-before-epoch-3": aside }));
    assert.ok(found({ "kube-apiserver-before-epoch-3": aside }), "cut off between the two");
  });

  it("a returned host's tale of its own cluster isn't believed", () => {
    const etcd = { ...survivor(topology, host("master1")).etcd, quorum: true } as EtcdStatus;
    const seen = returned({ master1: { etcd, members: [] }, master2: { etcd } });
    const plan = planPrimary(topology, 3, seen);
    assert.ok(plan.steps.find((s) => s.name === "etcd-join-master1")?.due);
    const told = describePrimary(plan, [], [], seen);
    assert.match(told, /master1 +SERVES an old cluster \(revision 478\): it is stopped/);
  });

  describe("the preview of what only the returned side has", () => {
    const told = (resting: number, written: number | undefined, epoch = 2) => {
      const steps = {
        ...(returned().hosts.master3 as Reachable).steps,
        snapshot: { ...record("snapshot", epoch, 1), facts: { revision: "470" } },
      };
      const seen = returned({ master3: { steps }, master2: { restingRevision: resting, restingWritten: written } });
      return /^ {2}a HAS WRITES.*$/m.exec(describePrimary(plan, [], [], seen))?.[0];
    };
    it("a newer revision is told with its host and time", () =>
      assert.equal(
        told(482, Date.parse("2026-11-29T03:00:00Z")),
        "  a HAS WRITES THAT THE CLUSTER LACKS: master2 is at revision 482, its newest object is of 2026-11-29T03:00:00.000Z; the failover began with 470.",
      ));
    it("data that this failback has put there is the cluster's", () => {
      const steps = { snapshot: { ...record("snapshot", 2, 1), facts: { revision: "470" } } };
      const joined = { epoch: 3, act: "primary", restingRevision: 900, restingWritten: 1 };
      const seen = returned({ master3: { steps }, master2: joined });
      assert.doesNotMatch(describePrimary(plan, [], [], seen), /HAS WRITES/);
    });
    it("the same revision isn't", () => assert.equal(told(470, 1), undefined));
    it("another act's record says nothing", () => assert.equal(told(482, 1, 1), undefined));
    it("a host's revision stands beside its data", () =>
      assert.match(
        describePrimary(plan, [], [], returned({ master2: { restingRevision: 482 } })),
        /master2 .*bytes of old data, revision 482/,
      ));
  });

  it("tells before each step what the next failure costs, where it changes", () => {
    const told = describePrimary(plan, [], [], returned()).split("\n");
    const before = (name: string) => told[told.findIndex((line) => line.includes(name)) - 1] ?? "";
    assert.match(before("  quarantine-master1"), /if master3 is lost now, the API stops/);
    assert.match(before("  etcd-join-master2"), /if one of master3, master1 is lost now, writes stop/);
    assert.match(before("  etcd-arguments-master3"), /if one of master1, master2 is lost now, writes stop/);
  });
});

/** The deploy host's report of RKE's state with hosts of these addresses. */
const stateOf = (...addresses: string[]): Partial<Reachable> => {
  const { deploy } = returned().hosts.master3 as Reachable;
  const nodes = addresses.map((address) => ({
    name: `host${address.at(-1)}`,
    address,
    internalAddress: address,
    roles: ["worker"],
    answers: undefined,
  }));
  return { deploy: deploy && { ...deploy, nodes } };
};

describe("guards of a failback", () => {
  const cases: [what: string, seen: Observation, confirm: string | undefined, stops: Record<string, RegExp>][] = [
    ["nothing stops one that is confirmed", returned(), "primary@3", {}],
    ["no confirmation", returned(), undefined, { confirmation: /must be "primary@3": not set/ }],
    ["another epoch's confirmation", returned(), "primary@2", { confirmation: /: "primary@2"/ }],
    [
      "a failover that was not finished",
      returned({ master3: { steps: {} } }),
      "primary@3",
      { "the failover is over": /^master3: the failover of epoch 2 must be over/ },
    ],
    [
      "no quorum",
      returned({ master3: { etcd: undefined, members: [] } }),
      "primary@3",
      {
        "etcd has quorum": /must answer a linearizable read: none does \(master3, node2\)/,
      },
    ],
    [
      "what RKE knew is gone, and not used yet",
      returned({ master3: { deploy: { files: [], server: "", clusterYml: "" } } }),
      "primary@3",
      { "what RKE knew": /cluster\.rkestate\.before-epoch-2 must be there, .*: missing/ },
    ],
    [
      "RKE's state of the surviving side, as the failover left it",
      returned({ master3: stateOf("192.168.31.103", "192.168.31.105") }),
      "primary@3",
      {},
    ],
    [
      "a surviving host taken out of the topology, and another put in",
      returned({ master3: stateOf("192.168.31.103", "192.168.31.109") }),
      "primary@3",
      {
        "hosts that change":
          /^host9 \(192\.168\.31\.109\): hosts can't change .*: not in Pulumi\.yaml; node2 \(192\.168\.31\.105\): .*: not in RKE's state$/,
      },
    ],
    [
      "a returned host that knows of a newer epoch",
      returned({ master1: { epoch: 7, act: "failover:b:forceNewCluster:master1" } }),
      "primary@3",
      { epoch: /master1: an epoch older than the host's is refused, it is at 7 .*: 3/ },
    ],
    [
      "a cluster that was built by somebody else on a returned host",
      returned({ master1: { epoch: 0, act: undefined } }),
      "primary@3",
      { "no foreign cluster": /master1: must run nothing of a cluster that this program didn't build: etcd/ },
    ],
  ];
  for (const [what, seen, confirm, stops] of cases) {
    it(what, () => {
      stoppedBy(primaryGuards(topology, planPrimary(topology, 3, seen), seen, undefined, confirm), stops);
    });
  }

  it("a newer epoch is followed by the next", () => {
    const seen = returned({ master1: { epoch: 7, act: "failover:b:forceNewCluster:master1" } });
    const verdicts = primaryGuards(topology, planPrimary(topology, 3, seen), seen, undefined, "primary@3");
    const problems = verdicts.find((v) => v.guard === "epoch")?.problems.join("\n") ?? "";
    assert.match(problems, /`pulumi config set epoch 8 --stack primary`/);
  });

  it("a survivor of which nobody knows how it came to vote is refused by name", () => {
    const seen = returned({}, learner());
    const failed = primaryGuards(learner(), planPrimary(learner(), 3, seen), seen, undefined, "primary@3").filter(
      (v) => !v.ok,
    );
    assert.match(
      failed.find((v) => v.guard === "roles")?.found ?? "",
      /^roles: a survivor must be a voter, or be recorded .* epoch 2: none is/,
    );
  });

  it("and once it is over, none is asked", () => {
    const done = planPrimary(topology, 3, returned());
    const steps = Object.fromEntries(done.steps.map((s) => [s.name.replace(`-${s.host.name}`, ""), record("x", 3, 1)]));
    const seen = returned(
      Object.fromEntries(
        allHosts(topology).map((h) => [
          h.name,
          {
            epoch: 3,
            act: "primary",
            plan: { role: "failback", lost: "a", from: "2" },
            steps,
            etcd:
              h.etcd === "voter"
                ? ({ ...survivor(topology, host("master3")).etcd, quorum: true } as EtcdStatus)
                : undefined,
            members: ["master1", "master2", "master3"].map((name) => ({
              id: name,
              started: true,
              name: `etcd-${name}`,
              peerUrls: [peerUrl(host(name))],
              learner: false,
            })),
            processes: { ...survivor(topology, h).processes, "rke-dr-guard": guard },
            deploy: {
              files: ["cluster.yml", "cluster.rkestate", "certs/kube-admin.pem", "ssh/id_ed25519", "ssh/known_hosts"],
              server: `https://192.168.31.${h.name === "master1" ? 101 : 103}:6443`,

              clusterYml: "",
            },
          },
        ]),
      ),
    );
    const plan = planPrimary(topology, 3, seen);
    assert.deepEqual(
      plan.steps.filter((s) => s.due).map((s) => s.name),
      [],
    );
    assert.deepEqual(
      primaryGuards(topology, plan, seen, undefined).filter((v) => !v.ok),
      [],
    );
  });
});

const guard = container(named("rke-dr-guard"));
