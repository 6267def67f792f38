import assert from "node:assert/strict";
import { planPrimary } from "../../../../plan/acts/primary/primary";
import { parseTopology } from "../../../../plan/declaration/declaration";
import type { Observation } from "../../../../plan/facts/observation";
import { primaryGuards } from "../../../../plan/guards/primary";
import { describePrimary } from "../../../../plan/preview/describe";
import type { Topology } from "../../../../plan/topology/topology";
import { changedHosts, membersOf } from "../../worlds/changed-hosts";
import { stoppedBy } from "../../worlds/stopped-by";
import { raw, seed, seedHosts } from "../../worlds/topologies";

const member = ["controlplane", "worker", "etcd"];
type Hosts = Parameters<typeof raw>[0];

const { master1, master2, node1 } = seedHosts.a;
const topologyOf = (a: Hosts[string], b: Hosts[string] = seedHosts.b): Topology => parseTopology(raw({ a, b }));
const without2 = topologyOf({ master1, node1 });
const with4 = topologyOf({ ...seedHosts.a, master4: ["192.168.31.106", member] });
const at112 = topologyOf({ master1, master2: ["192.168.31.112", member], node1 });

const planOf = (topology: Topology, seen: Observation) => planPrimary(topology, 1, seen);
/** Preview's words, without the guards' verdicts. */
function preview(topology: Topology, seen: Observation): string {
  return describePrimary(planOf(topology, seen), [], [], seen);
}
const due = (topology: Topology, seen: Observation) =>
  planOf(topology, seen)
    .steps.filter((s) => s.due)
    .map((s) => s.name);

describe("the hosts of a built cluster", () => {
  it("are as they were: nothing is to be done, and preview says nothing of them", () => {
    const seen = changedHosts(seed(), seed());
    assert.deepEqual(due(seed(), seen), []);
    assert.doesNotMatch(preview(seed(), seen), /Hosts that change/);
  });

  it("were built by an earlier program: two more steps look once, and nothing after them runs again", () => {
    const seen = changedHosts(seed(), seed());
    const old = seen.hosts.master3;
    assert.ok(old?.reachable);
    const { "etcd-depart": _leave, "rke-nodes": _nodes, ...steps } = old.steps;
    const { steps: planned } = planOf(seed(), { ...seen, hosts: { ...seen.hosts, master3: { ...old, steps } }, at: 7 });
    const again = planned.filter((s) => s.generation === 7).map((s) => s.name);
    assert.deepEqual(again, ["etcd-depart-master3", "rke-nodes-master3"]);
    assert.deepEqual(
      planned.filter((s) => s.due),
      [],
    );
  });

  const steps: [what: string, topology: Topology, seen: Observation, order: string[]][] = [
    [
      "a dead voter leaves",
      without2,
      changedHosts(seed(), without2, { silent: ["master2"] }),
      ["etcd-depart-master3", "etcd-join-master3", "etcd-join-master1", "rke-nodes-master3", "rke-up-master3"],
    ],
    [
      "a worker leaves",
      topologyOf({ master1, master2 }),
      changedHosts(seed(), topologyOf({ master1, master2 })),
      ["rke-nodes-master3", "rke-up-master3"],
    ],
    [
      "a voter joins",
      with4,
      changedHosts(seed(), with4),
      [
        "claim-master4",
        "etcd-depart-master3",
        "etcd-join-master3",
        "etcd-join-master1",
        "etcd-join-master2",
        "etcd-join-master4",
        "rke-nodes-master3",
        "rke-up-master3",
      ],
    ],
  ];
  for (const [what, topology, seen, order] of steps) {
    it(`${what}: members, then RKE's state, then \`rke up\``, () => {
      const found = due(topology, seen);
      assert.deepEqual(
        found.filter((name) => order.includes(name)),
        order,
      );
      assert.equal(stops(topology, seen).length, 0);
    });
  }

  it("a host that stays and loses its part in etcd sets that aside, in this run alone", () => {
    const topology = topologyOf({ master1, master2: ["192.168.31.102", ["controlplane", "worker"]], node1 });
    const seen = changedHosts(seed(), topology);
    assert.ok(due(topology, seen).includes("leave-master2"));
    assert.match(
      preview(topology, seen),
      /master2 +is a voter, and gets out of etcd: its container and data are set aside/,
    );
  });

  it("a voter that is only broken is repaired and doesn't count as a change", () => {
    const members = membersOf(seed()).filter((m) => m.name !== "etcd-master2");
    const seen = changedHosts(seed(), seed(), { members });
    assert.doesNotMatch(preview(seed(), seen), /Hosts that change/);
    assert.match(preview(seed(), seen), /master2 +voter +MISSING/);
  });
});

describe("preview of a change of hosts", () => {
  const cases: [what: string, topology: Topology, seen: Observation, lines: RegExp[]][] = [
    [
      "a dead voter leaves",
      without2,
      changedHosts(seed(), without2, { silent: ["master2"] }),
      [
        /master2 +leaves as controlplane, worker, etcd and as a voter of etcd \(192\.168\.31\.102, doesn't answer SSH\)/,
        /its member is removed while the voters that stay are a majority/,
        /nothing is done on it/,
        /its Node is deleted/,
        /afterwards the loss of one of master3, master1 stops all writes/,
        /OUTDATED: etcd doesn't run as planned .*--initial-cluster=/,
      ],
    ],
    [
      "a living worker leaves",
      topologyOf({ master1, master2 }),
      changedHosts(seed(), topologyOf({ master1, master2 })),
      [/node1 +leaves as worker \(192\.168\.31\.104, answers SSH\)/, /the pods on it are stopped/],
    ],
    [
      "a voter joins",
      with4,
      changedHosts(seed(), with4),
      [
        /master4 +joins at 192\.168\.31\.106 as controlplane, worker, etcd/,
        /becomes a voter: added to etcd as a learner without data, promoted when it has caught up/,
        /until master4 is promoted, 1 of master3, master1, master2 may fail/,
        /afterwards 1 of master3, master1, master2, master4 may fail/,
      ],
    ],
    [
      "a voter has another address",
      at112,
      changedHosts(seed(), at112),
      [/master2 +leaves .*; it comes back at 192\.168\.31\.112/, /master2 +is at 192\.168\.31\.112 as/],
    ],
  ];
  for (const [what, topology, seen, lines] of cases) {
    it(`${what}: says what happens to which host`, () => {
      const text = preview(topology, seen);
      for (const line of lines) assert.match(text, line);
    });
  }
});

const stops = (topology: Topology, seen: Observation) =>
  primaryGuards(topology, planOf(topology, seen), seen).filter((v) => !v.ok);

describe("guards of a change of hosts", () => {
  const guard = "hosts that change";
  const onlyMaster3 = topologyOf({ master1: ["192.168.31.101", ["controlplane", "worker"]], node1 });
  const more = topologyOf({ ...seedHosts.a, master4: ["192.168.31.106", member], master5: ["192.168.31.107", member] });
  const swapped = topologyOf({ master1, master4: ["192.168.31.106", member], node1 });
  const otherKeeper = topologyOf(seedHosts.a, {
    master6: ["192.168.31.108", member],
    node2: seedHosts.b.node2,
  });
  const down = { etcd: undefined, etcdLog: "", members: [] };
  const stranger = { id: "f00", started: true, name: "etcd-x", peerUrls: ["https://10.9.9.9:2380"], learner: false };
  const cases: [what: string, topology: Topology, seen: Observation, stops: Record<string, RegExp>][] = [
    ["one voter leaves", without2, changedHosts(seed(), without2), {}],
    ["a voter leaves and another joins", swapped, changedHosts(seed(), swapped), {}],
    ["a voter has another address", at112, changedHosts(seed(), at112), {}],
    [
      "two voters leave",
      onlyMaster3,
      changedHosts(seed(), onlyMaster3),
      { [guard]: /^voters: one may leave at a time, 2 would: etcd-master1 and etcd-master2$/ },
    ],
    [
      "two voters join",
      more,
      changedHosts(seed(), more),
      { [guard]: /^voters: one may join at a time, 2 would: master4 and master5$/ },
    ],
    [
      "a voter leaves while one that stays is down",
      without2,
      changedHosts(seed(), without2, { change: { master1: down } }),
      { [guard]: /^etcd-master2: 2 of the voters that stay \(master3 and master1\) must be healthy: 1$/ },
    ],
    [
      "a voter joins while another is down",
      with4,
      changedHosts(seed(), with4, { change: { master1: down } }),
      { [guard]: /^master1: a voter that stays must be healthy while voters change: etcd runs, but doesn't answer$/ },
    ],
    [
      "a living host leaves, which the new deploy host's key doesn't open",
      otherKeeper,
      changedHosts(seed(), otherKeeper),
      { [guard]: /^master3 \(192\.168\.31\.103\): a host that leaves must know the SSH key .* is new: master6$/ },
    ],
    [
      "quorum is lost, and the deploy host is a new one that has no record",
      otherKeeper,
      changedHosts(seed(), otherKeeper, {
        change: { master1: { ...down, steps: {} }, master2: { ...down, steps: {} } },
      }),
      { "members of etcd": /none does/ },
    ],
    [
      "a dead host leaves, and its deploy host is a new one",
      otherKeeper,
      changedHosts(seed(), otherKeeper, { silent: ["master3"] }),
      {},
    ],
    [
      "a member that nobody knows",
      seed(),
      changedHosts(seed(), seed(), { members: [...membersOf(seed()), stranger] }),
      {
        [guard]: /^etcd-x: a member of etcd must be in the topology or in RKE's state, it is in neither: https:\/\/10/,
      },
    ],
    [
      "a host under another name",
      topologyOf({ master1, master2, worker9: node1 }),
      changedHosts(seed(), topologyOf({ master1, master2, worker9: node1 })),
      { [guard]: /^worker9 \(192\.168\.31\.104\): a host can't be renamed, RKE has it by another name: node1$/ },
    ],
  ];
  for (const [what, topology, seen, expected] of cases) {
    it(what, () => {
      stoppedBy(primaryGuards(topology, planOf(topology, seen), seen), expected);
      const problems = stops(topology, seen).flatMap((v) => v.problems.map((p) => p.split("\n")));
      for (const [wrong = "", ...ways] of problems) {
        assert.match(wrong, /^[^:]+.*: .+/);
        assert.ok(
          ways.some((line) => /`[^`]+`|Pulumi\.yaml/.test(line)),
          `no way on: ${wrong}`,
        );
      }
    });
  }

  it("a learner that is declared on a worker joins etcd, and changes nothing for RKE", () => {
    const topology = parseTopology({
      ...raw(seedHosts),
      datacenters: (raw(seedHosts) as { datacenters: { hosts: Record<string, unknown>[] }[] }).datacenters.map(
        (dc) => ({
          ...dc,
          hosts: dc.hosts.map((h) => (h.name === "node2" ? { ...h, etcd: "learner" } : h)),
        }),
      ),
    });
    const seen = changedHosts(seed(), topology);
    assert.deepEqual(due(topology, seen), ["etcd-join-node2", "return-guard-node2"].reverse());
    assert.deepEqual(stops(topology, seen), []);
  });
});
