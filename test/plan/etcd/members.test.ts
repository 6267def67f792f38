import assert from "node:assert/strict";
import { broken, membership } from "../../../plan/etcd/members";
import type { EtcdStatus, Reachable } from "../../../plan/facts/facts";
import type { Observation } from "../../../plan/facts/observation";
import { learnerDiffers } from "../../../plan/installers/rke/learner";
import { describeMembers } from "../../../plan/preview/members";
import { inPeace } from "../../../plan/topology/site";
import { inState, listed, peace, topology } from "../worlds/learner-world";

const status = (host: string, change: Partial<EtcdStatus>): Partial<Reachable> => {
  const found = peace().hosts[host];
  assert.ok(found?.reachable && found.etcd);
  return { etcd: { ...found.etcd, ...change } };
};
const withoutEtcd = { etcd: undefined, newestLease: undefined };
const withoutContainer = (host: string): Partial<Reachable> => {
  const { etcd: _gone, ...processes } = inState(host, "running").processes;
  return { ...withoutEtcd, processes };
};

describe("how each member of etcd is", () => {
  const cases: [what: string, seen: Observation, expected: Record<string, RegExp>][] = [
    ["all is well", peace(), {}],
    [
      "the learner stopped",
      peace({ master3: { ...withoutEtcd, ...inState("master3", "exited") } }),
      { master3: /^stopped: etcd doesn't run: exited$/ },
    ],
    [
      "the learner's container gone",
      peace({ master3: withoutContainer("master3") }),
      { master3: /^stopped: etcd doesn't run: it isn't on the host/ },
    ],
    [
      "the learner panics",
      peace({ master3: { ...withoutEtcd, ...inState("master3", "restarting"), etcdLog: "panic: freepages: failed" } }),
      { master3: /^corrupt: its data is damaged: panic: freepages/ },
    ],
    [
      "a voter's checksums are wrong",
      peace({
        master3: {
          ...withoutEtcd,
          ...inState("master3", "restarting"),
          etcdLog: '{"level":"fatal","error":"wal: crc mismatch"}',
        },
      }),
      { master3: /^corrupt: its data is damaged: .*crc mismatch/ },
    ],
    [
      "a voter's port is taken",
      peace({
        master3: {
          ...withoutEtcd,
          ...inState("master3", "restarting"),
          etcdLog: '{"level":"fatal","error":"listen tcp 1.2.3.4:2380: bind: address already in use"}',
        },
      }),
      { master3: /^stopped: etcd doesn't run: restarting: .*already in use/ },
    ],
    [
      "the learner's alarm",
      peace({ master3: status("master3", { complaints: ["memberID:1 alarm:CORRUPT "] }) }),
      { master3: /^corrupt: .*alarm:CORRUPT/ },
    ],
    [
      "added, never started",
      peace({ master3: withoutContainer("master3") }, listed({ master3: { started: false, name: "" } })),
      { master3: /^never started:/ },
    ],
    ["no member", peace({}, listed({ master3: null })), { master3: /^missing: is no member/ }],
    ["the learner frozen", peace({ master3: withoutEtcd }), { master3: /^silent: etcd runs, but doesn't answer/ }],
    [
      "the learner 16 s behind",
      peace({ master3: { newestLease: Date.parse("2026-11-21T12:00:41Z") } }),
      { master3: /^lagging: 2 revisions and 16\.0 s behind; more than/ },
    ],
    [
      "the learner 5001 revisions behind",
      peace({ master1: status("master1", { revision: 5499 }) }),
      { master3: /^lagging: 5001 revisions and 1\.0 s behind/ },
    ],
    ["the learner 15 s behind", peace({ master3: { newestLease: Date.parse("2026-11-21T12:00:42Z") } }), {}],
    [
      "the learner made a voter",
      peace({}, listed({ master3: { learner: false } })),
      { master3: /^missing: is a voter; the topology wants a learner/ },
    ],
    [
      "a voter stopped",
      peace({ master2: { ...withoutEtcd, ...inState("master2", "exited") } }),
      { master2: /^stopped:/ },
    ],
    [
      "a voter rebuilt",
      peace({ master2: withoutContainer("master2") }),
      { master2: /^stopped: etcd doesn't run: it isn't on the host/ },
    ],
    [
      "a voter not promoted",
      peace({}, listed({ master2: { learner: true } })),
      { master2: /^unpromoted: is still a learner/ },
    ],
    [
      "a voter cut off",
      peace({ master2: status("master2", { quorum: false }) }),
      { master2: /^silent: sees no quorum/ },
    ],
    ["a host unreachable", peace({ master2: null }), {}],
    [
      "no quorum: nothing is known, nothing is done",
      peace(
        Object.fromEntries(
          ["master1", "master2", "node1"].map((h) => [h, { ...status(h, { quorum: false }), members: [] }]),
        ),
      ),
      {},
    ],
  ];
  for (const [what, seen, expected] of cases) {
    it(what, () => {
      const found = Object.fromEntries(
        broken(membership(topology, seen, learnerDiffers(inPeace(topology)))).map((s) => [
          s.host.name,
          `${s.condition}: ${s.found}`,
        ]),
      );
      assert.deepEqual(Object.keys(found), Object.keys(expected), JSON.stringify(found));
      for (const [host, words] of Object.entries(expected)) assert.match(found[host] ?? "", words);
    });
  }
});

describe("members in preview", () => {
  const words = (seen: Observation) =>
    describeMembers(membership(topology, seen, learnerDiffers(inPeace(topology))), 0).join("\n");

  it("a healthy learner's lag is shown", () =>
    assert.match(words(peace()), /master3 +learner +2 revisions and 1\.0 s behind \(revision 498\)/));

  it("a broken voter: what is done, and what the next failure would cost", () => {
    const text = words(peace({ master2: withoutContainer("master2") }));
    assert.match(text, /-> master2: its data is set aside, the old member removed, added as a learner/);
    assert.match(text, /until master2 is promoted, the loss of master1 or node1 loses quorum/);
  });

  it("a broken learner costs no quorum", () =>
    assert.doesNotMatch(words(peace({ master3: withoutContainer("master3") })), /loses quorum/));

  it("a member that the topology doesn't name", () =>
    assert.match(
      words(
        peace({}, [
          ...listed(),
          { id: "ff", started: true, name: "etcd-old", peerUrls: ["https://192.168.31.9:2380"], learner: false },
        ]),
      ),
      /etcd-old: a member that the topology doesn't name \(https:\/\/192\.168\.31\.9:2380\)/,
    ));
});
