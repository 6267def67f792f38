import assert from "node:assert/strict";
import { planFailover } from "../../../plan/acts/failover/failover";
import { parseTopology } from "../../../plan/declaration/declaration";
import { failoverGuards } from "../../../plan/guards/failover";
import { afterLossOfA } from "../worlds/observations";
import { type Refusal, refusals } from "../worlds/refusals";
import { ready } from "../worlds/settings";
import { raw, seed, seedHosts } from "../worlds/topologies";

describe("guards of a failover", () => {
  for (const [name, c] of Object.entries(refusals)) {
    it(name, () => {
      const topology = c.topology ?? seed();
      const seen = afterLossOfA(topology, c.hosts, c.answers);
      const plan = planFailover(topology, { ...ready, ...c.settings }, seen);
      const failed = failoverGuards(topology, plan, seen).filter((v) => !v.ok);
      assert.deepEqual(failed.map((v) => v.guard).sort(), Object.keys(c.stops).sort(), JSON.stringify(failed));
      for (const v of failed) {
        assert.match(v.found, c.stops[v.guard] ?? /never/);
        const ways = v.problems.flatMap((text) => text.split("\n").slice(1)).join("\n");
        assert.match(ways, c.ways?.[v.guard] ?? /^/);
        assert.doesNotMatch(ways, c.noWay?.[v.guard] ?? /(?!)/);
      }
      const told = failed.map((v) => v.guard);
      assert.deepEqual(
        Object.keys({ ...c.ways, ...c.noWay }).filter((guard) => !told.includes(guard)),
        [],
      );
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
    const told = (hosts: Refusal["hosts"]) => {
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
