import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { failbackOf } from "../../../../plan/acts/failback/failback";
import { planPrimary } from "../../../../plan/acts/primary/primary";
import { parseTopology } from "../../../../plan/declaration/declaration";
import type { Reachable } from "../../../../plan/facts/facts";
import type { Observation } from "../../../../plan/facts/observation";
import { primaryGuards } from "../../../../plan/guards/primary";
import { describePrimary } from "../../../../plan/preview/describe";
import { hostOf, memberOf, returned, serving } from "../../worlds/failback-world";
import { learnerTopology } from "../../worlds/learner-world";
import { container, named, preflight, record } from "../../worlds/observations";
import { stepNamed, waits } from "../../worlds/step-order";

const topology = learnerTopology();
const host = hostOf(topology);
const master3 = host("master3");
const act = "failover:a:restore:master3";
const recordOfFailover = { source: "master3", method: "restore", lost: "a" };

/** Datacenter a, with all voters, has power again; master3, a learner before, is etcd's only member. */
function swapped(change: Record<string, Partial<Reachable>> = {}): Observation {
  const claimed = (name: string): Partial<Reachable> => ({
    act,
    preflight: preflight(topology, host(name), { earlierPlan: recordOfFailover }),
  });
  return returned(
    { ...change, master3: { ...claimed("master3"), ...change.master3 }, node2: claimed("node2") },
    topology,
  );
}

describe("a failback that makes the survivor a learner again", () => {
  const plan = planPrimary(topology, 3, swapped());
  const names = plan.steps.map((s) => s.name);
  const found = (name: string) => stepNamed(plan.steps, name);

  it("no guard stops it", () =>
    assert.deepEqual(
      primaryGuards(topology, plan, swapped(), undefined, "primary@3").filter((v) => !v.ok),
      [],
    ));
  it("each name is there once", () => assert.equal(new Set(names).size, names.length));

  for (const [later, earlier] of [
    ["etcd-join-master1", "unisolate-master3"],
    ["etcd-join-master2", "etcd-join-master1"],
    ["etcd-join-node1", "etcd-join-master2"],
    ["leader-master1", "etcd-join-node1"],
    ["kube-apiserver-master3", "leader-master1"],
    ["etcd-demote-master3", "kube-apiserver-master3"],
    ["etcd-demote-master3", "first-write-master3"],
    ["etcd-join-master3", "etcd-demote-master3"],
    ["rke-state-back-master3", "etcd-join-master3"],
    ["rke-up-master3", "rke-state-back-master3"],
    ["etcd-role-master3", "rke-up-master3"],
    ["verify-nodes-master3", "etcd-role-master3"],
    ["verify-member-master1", "etcd-join-master3"],
  ] as const) {
    it(`${later} waits for ${earlier}`, () => assert.ok(waits(plan.steps, later, earlier)));
  }

  it("the returned voters ask the one that votes for the time being, and start as RKE will have them", () => {
    const step = found("etcd-join-node1");
    assert.deepEqual(step.arguments.slice(6), [
      "https://192.168.31.101:2379",
      "https://192.168.31.102:2379",
      "https://192.168.31.103:2379",
    ]);
    assert.doesNotMatch(step.data, /103:2380/);
  });
  it("master3 joins as a learner, which asks the voters alone", () => {
    const [wanted, , , , , , ...asked] = found("etcd-join-master3").arguments;
    assert.equal(wanted, "learner");
    assert.deepEqual(
      asked,
      [101, 102, 104].map((n) => `https://192.168.31.${n}:2379`),
    );
  });
  it("its kube-apiserver gets the voters back", () =>
    assert.match(
      found("kube-apiserver-master3").data,
      /--etcd-servers=https:\/\/192\.168\.31\.101:2379,https:\/\/192\.168\.31\.102:2379,https:\/\/192\.168\.31\.104:2379"/,
    ));
  it("no voter's arguments are left to be set", () => assert.ok(!names.some((n) => n.startsWith("etcd-arguments"))));
  it("the member list is to say who is a learner", () =>
    assert.deepEqual(found("verify-member-master1").arguments, [
      "etcd-master1,etcd-master2,etcd-master3(learner),etcd-node1",
    ]));
  it("all members' data is compared on one of them, the learner's, too, when all have joined", () => {
    assert.deepEqual(
      names.filter((name) => name.startsWith("verify-data")),
      ["verify-data-master1"],
    );
    assert.deepEqual(found("verify-data-master1").arguments, [
      "kube-etcd-192-168-31-101",
      "etcd-master1=https://192.168.31.101:2380",
      "etcd-master2=https://192.168.31.102:2380",
      "etcd-node1=https://192.168.31.104:2380",
      "etcd-master3=https://192.168.31.103:2380",
    ]);
    assert.ok(waits(plan.steps, "verify-data-master1", "etcd-join-master3"));
  });
  it("each claim says whose vote is taken away, so that a rerun knows", () =>
    assert.equal(found("claim-master1").data, "role=failback\nlost=a\nfrom=2\nmember=master3"));

  it("is told, and what the next failure costs at each step", () => {
    const told = describePrimary(plan, [], [], swapped()).split("\n");
    const before = (name: string) => told[told.findIndex((line) => line.includes(`  ${name} `)) - 1] ?? "";
    assert.match(told.join("\n"), /master1, master2, node1 vote again; master3 then becomes a learner again/);
    assert.match(before("quarantine-master1"), /if master3 is lost now, the API stops/);
    assert.match(before("etcd-join-master2"), /if one of master3, master1 is lost now, writes stop/);
    assert.match(
      before("etcd-demote-master3"),
      /any one of master1, master2, node1 can be lost without a stop; until master3 has caught up, the newest copy in b is what it has set aside/,
    );
  });
});

describe("which survivor a failback takes the vote from", () => {
  it("one that the topology has as no member is refused by name", () => {
    const without = parseTopology({
      ...(parse(
        readFileSync(join(__dirname, "../../../../topologies/learner.yaml"), "utf8").replace("etcd: learner", ""),
      ) as object),
    });
    const seen = swapped();
    const failed = primaryGuards(without, planPrimary(without, 3, seen), seen, undefined, "primary@3");
    assert.match(
      failed.find((v) => v.guard === "roles" && !v.ok)?.found ?? "",
      /master3: the host of the recovered etcd must be a voter or a learner by the topology: none/,
    );
  });

  const role = { role: "failback", lost: "a", from: "2" };
  const demoted = (seen: Observation) => failbackOf(topology, 3, seen)?.demoted?.name;
  const members = [
    memberOf(master3, { learner: true }),
    ...["master1", "master2", "node1"].map((n) => memberOf(host(n))),
  ];
  for (const [what, seen, name] of [
    ["the one that the failover recorded", swapped(), "master3"],
    [
      "the one that this failback recorded",
      swapped({ master1: { epoch: 3, plan: { ...role, member: "master3" } } }),
      "master3",
    ],
    ["none where the record names none", swapped({ master1: { epoch: 3, plan: role } }), undefined],
    [
      "a voter stays one",
      swapped({ master3: { preflight: preflight(topology, master3, { earlierPlan: { source: "master1" } }) } }),
      undefined,
    ],
  ] as const) {
    it(what, () => assert.equal(demoted(seen), name));
  }

  it("and once it is a learner again, nothing is due", () => {
    const done = planPrimary(topology, 3, swapped());
    const guard = named("rke-dr-guard");
    const joining = JSON.parse(done.steps.find((s) => s.name === "etcd-join-master3")?.data.split("\n")[1] ?? "") as {
      Cmd: string[];
      Env: string[];
      Image: string;
    };
    const seen = swapped();
    for (const [name, facts] of Object.entries(seen.hosts)) {
      assert.ok(facts.reachable);
      const own = host(name);
      Object.assign(facts, {
        epoch: 3,
        act: "primary",
        plan: { ...role, member: "master3" },
        steps: Object.fromEntries(
          done.steps.filter((s) => s.host.name === name).map((s) => [s.script, record("x", 3, 1)]),
        ),
        etcd:
          own.etcd === "voter"
            ? serving(topology)
            : own.etcd === "learner"
              ? { ...serving(topology), quorum: false, learner: true }
              : undefined,
        members: own.etcd === "voter" ? members : [],
        deploy: {
          files: ["cluster.yml", "certs/kube-admin.pem", "ssh/id_ed25519", "ssh/known_hosts"],
          server: `https://192.168.31.${name === "master1" ? 101 : 103}:6443`,
          clusterYml: "",
        },
        processes: {
          ...facts.processes,
          ...(facts.processes["kube-apiserver"]
            ? {
                "kube-apiserver-before-epoch-3": {
                  ...facts.processes["kube-apiserver"],
                  name: "kube-apiserver-before-epoch-3",
                },
              }
            : {}),
          "rke-dr-guard": container(guard),
          ...(own.etcd === "learner"
            ? {
                etcd: container({
                  ...guard,
                  name: "etcd",
                  image: joining.Image,
                  cmd: joining.Cmd,
                  env: joining.Env,
                  binds: ["/var/lib/etcd:/var/lib/rancher/etcd/:z", "/etc/kubernetes:/etc/kubernetes:z"],
                }),
              }
            : {}),
        },
      });
    }
    const again = planPrimary(topology, 3, seen);
    assert.deepEqual(
      again.steps.filter((s) => s.due).map((s) => s.name),
      [],
    );
    assert.deepEqual(
      again.steps.map((s) => s.name),
      done.steps.map((s) => s.name),
    );
  });
});
