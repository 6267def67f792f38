import assert from "node:assert/strict";
import { parseTopology } from "../../../plan/declaration/declaration";
import { type Beyond, policy, policyWords, staleAcceptances } from "../../../plan/review/policy";
import type { Topology } from "../../../plan/topology/topology";
import { raw, seedHosts } from "../worlds/topologies";

const learnerHosts = { ...seedHosts, b: { ...seedHosts.b, master3: ["192.168.31.103", ["controlplane"]] } } as const;
const seed = (more: object): Topology => parseTopology(raw(seedHosts, { ...more }));
/** All voters in a: without it nothing is left but snapshots. */
const voterless = (more: object): Topology =>
  parseTopology(raw(learnerHosts as unknown as Parameters<typeof raw>[0], { ...more }));
const accepted = (finding: string) => ({ accept: [{ finding, reason: "until the third site is there" }] });
const hourly = (topology: Topology): Topology => ({
  ...topology,
  etcd: { ...topology.etcd, snapshots: { every: "1h", keep: { count: 24, days: 7 } } },
});

describe("the policy", () => {
  const cases: [string, Topology, refused: boolean, RegExp][] = [
    ["nothing declared", seed({}), false, /^targets\.rpoSeconds isn't declared/],
    ["a voter survives, seconds are fine", seed({ targets: { rpoSeconds: 5 } }), false, /costs more than 5 s/],
    [
      "nothing may be lost",
      seed({ targets: { rpoSeconds: 0 } }),
      true,
      /^REFUSED rpo-a: without a may be lost, against a target of 0 s: writes that master1.*prevented by a third site/,
    ],
    ["no voter survives", voterless({ targets: { rpoSeconds: 60 } }), true, /^REFUSED rpo-a: .*everything/],
    [
      "snapshots too rarely",
      hourly(voterless({ targets: { rpoSeconds: 900 } })),
      true,
      /rpo-a: .*target of 900 s: all writes since that snapshot: up to 1h.*more often than each 1h/,
    ],
    ["snapshots often enough", hourly(voterless({ targets: { rpoSeconds: 3600 } })), false, /more than 3600 s/],
    [
      "a finding that somebody accepted",
      seed({ targets: { rpoSeconds: 0 }, ...accepted("rpo-a") }),
      false,
      /^accepted rpo-a: .* \(until the third site is there\)/,
    ],
    [
      "an accepted finding that there isn't",
      seed({ targets: { rpoSeconds: 0 }, ...accepted("rpo-b") }),
      true,
      /REFUSED topology\.accept\[0\]\.finding: is not a finding of this topology \(did you mean "rpo-a"\?\): "rpo-b"/,
    ],
    [
      "no API is left",
      parseTopology(
        raw({
          b: { b1: ["10.1.0.1", ["controlplane", "etcd"]] },
          a: { a1: ["10.0.0.1", ["worker", "etcd"]], a2: ["10.0.0.2", ["etcd"]] },
        }),
      ),
      true,
      /REFUSED api-b: without b no control plane host is left/,
    ],
  ];
  for (const [what, topology, refused, words] of cases) {
    it(what, () => {
      const told = policyWords(topology);
      assert.match(told.lines.join("\n"), words);
      assert.equal(told.refused, refused);
    });
  }

  it("finds nothing where no site holds the majority", () => {
    const thirds = parseTopology(
      raw(
        { a: { a1: ["10.0.0.1", ["controlplane", "etcd"]] }, b: { b1: ["10.1.0.1", ["controlplane", "etcd"]] } },
        { targets: { rpoSeconds: 0 } },
      ),
    );
    const witness = { name: "c", witness: true, hosts: [{ name: "w", address: "10.2.0.1", roles: ["etcd"] }] };
    const declared = raw(
      { a: { a1: ["10.0.0.1", ["controlplane", "etcd"]] }, b: { b1: ["10.1.0.1", ["controlplane", "etcd"]] } },
      { targets: { rpoSeconds: 0 } },
    );
    const hosts = witness.hosts.map((h) => ({ ...h, hostKey: "unpinned" }));
    (declared.datacenters as unknown[]).push({ ...witness, hosts });
    assert.deepEqual(policy(parseTopology(declared)), []);
    // two voters: each acknowledged write is on both
    assert.deepEqual(policy(thirds), []);
  });

  const now = Date.UTC(2026, 10, 30);
  const day = 86_400_000;
  const reported = (seen: Partial<Beyond["seen"]>, days?: number): Beyond => ({
    seen: { built: true, versions: {}, rehearsal: { startedAt: now - day, verified: true }, ...seen },
    now,
    ...(days === undefined ? {} : { days }),
  });
  const rehearsals: [string, Beyond, RegExp | undefined][] = [
    ["a rehearsal of yesterday", reported({}), undefined],
    ["one of 30 days ago", reported({ rehearsal: { startedAt: now - 30 * day, verified: true } }), undefined],
    [
      "an older one",
      reported({ rehearsal: { startedAt: now - 30 * day - 1, verified: true } }),
      /^the last rehearsal was 30 days ago, at most 30 are wanted/,
    ],
    ["one that is too old for the organisation", reported({}, 0.5), /^the last rehearsal was 1 days ago, at most 0\.5/],
    [
      "one that wasn't verified",
      reported({ rehearsal: { startedAt: now - day, verified: false } }),
      /^the last rehearsal, 1 days ago, wasn't verified/,
    ],
    ["none yet", reported({ rehearsal: undefined }), /^there was no rehearsal yet/],
    ["none, of a cluster that isn't built", reported({ rehearsal: undefined, built: false }), undefined],
  ];
  for (const [what, beyond, words] of rehearsals) {
    it(`asked for rehearsals: ${what}`, () => {
      const [finding] = policy(seed({}), beyond);
      if (words === undefined) return assert.equal(finding, undefined);
      assert.equal(finding?.rule, "rehearsal");
      assert.match(finding.words, words);
    });
  }

  it("accepts a rehearsal that is due, and keeps that once it isn't", () => {
    const topology = seed(accepted("rehearsal"));
    assert.equal(policy(topology, reported({ rehearsal: undefined }))[0]?.accepted, "until the third site is there");
    assert.deepEqual(staleAcceptances(topology, policy(topology)), []);
  });

  it("names versions that run, each once, and those that are declared, too, as declared", () => {
    const bad = { rke: { system_images: { etcd: "rancher/mirrored-coreos-etcd:v3.5.1" } } };
    const versions = { master1: { etcd: "3.5.1" }, master2: { etcd: "3.5.1" }, master3: { etcd: "3.5.4" } };
    const rulesOf = (topology: Topology) =>
      policy(topology, reported({ versions })).map((f) => [f.rule, f.words.slice(0, 10)]);
    assert.deepEqual(rulesOf(seed({})), [
      ["running-versions", "etcd 3.5.1"],
      ["running-versions", "etcd 3.5.4"],
    ]);
    assert.deepEqual(rulesOf(seed(bad)), [
      ["known-bad-versions", "etcd 3.5.1"],
      ["running-versions", "etcd 3.5.4"],
    ]);
  });
});
