import assert from "node:assert/strict";
import fc from "fast-check";
import { planFailover } from "../../../../plan/acts/failover/failover";
import type { FailoverSettings } from "../../../../plan/acts/failover/plan";
import type { Topology } from "../../../../plan/topology/topology";
import { afterLossOfA, container, record } from "../../worlds/observations";
import { ready } from "../../worlds/settings";
import { spread } from "../../worlds/spread";

const plan = (topology: Topology, settings: Partial<FailoverSettings> = {}) =>
  planFailover(topology, { ...ready, ...settings }, afterLossOfA(topology));

/** The effect of a step on etcd's members: whoever runs the steps in any order that `after` permits must keep the quorum. */
class Cluster {
  /** Hosts whose etcd is of before the act. */
  readonly old: Set<string>;
  readonly voters = new Set<string>();
  readonly up = new Set<string>();
  /** A host whose member is added and not promoted yet. */
  joining: string | undefined;
  /** The host whose member stays a learner. */
  learner: string | undefined;

  constructor(hosts: string[]) {
    this.old = new Set(hosts);
  }

  begin(script: string, host: string): void {
    if (script === "etcd-aside") this.old.delete(host);
    if (script === "etcd-join") {
      assert.ok(!this.old.has(host), `${host} joins while its old etcd runs`);
      assert.deepEqual([this.joining, this.learner], [undefined, undefined], "one learner at a time");
      this.joining = host;
      this.up.add(host);
    }
    if (script === "etcd-servers")
      assert.deepEqual([...this.old, this.joining].filter(Boolean), [], "API servers get voters alone");
  }

  end(script: string, host: string, wanted: string | undefined): void {
    if (script === "etcd-member" || script === "etcd-restore") {
      this.old.delete(host);
      this.voters.add(host);
      this.up.add(host);
    }
    if (script === "etcd-join") {
      this.joining = undefined;
      if (wanted === "voter") this.voters.add(host);
      else this.learner = host;
    }
  }

  check(): void {
    const living = [...this.voters].filter((name) => this.up.has(name)).length;
    if (this.voters.size > 0) assert.ok(2 * living > this.voters.size, `${living} of ${this.voters.size} voters`);
  }
}

describe("for any split and any order of steps that their `after` permits", () => {
  it("the recovered etcd never loses its quorum, and all survivors are members at the end", () => {
    const split = fc
      .record({ b: fc.integer({ min: 1, max: 4 }), more: fc.integer({ min: 0, max: 2 }), learner: fc.boolean() })
      .map(({ b, more, learner }) => spread(b + more, b, learner));
    const method = fc.constantFrom("forceNewCluster" as const, "restore" as const);
    fc.assert(
      fc.property(split, method, fc.infiniteStream(fc.nat(1000)), (topology, how, chances) => {
        const { steps, site } = plan(topology, { method: how, from: "voter" });
        const cluster = new Cluster(site.hosts.filter((h) => h.etcd !== "none").map((h) => h.name));
        const ended = new Set<string>();
        const running = new Set<string>();
        const turns = chances[Symbol.iterator]();
        while (ended.size < steps.length) {
          const ready_ = steps.filter(
            (s) =>
              !ended.has(s.name) &&
              !running.has(s.name) &&
              s.after.every((name) => ended.has(name) || s.beside?.includes(name)),
          );
          const moves = [
            ...ready_.map((s) => ["begin", s] as const),
            ...steps.filter((s) => running.has(s.name)).map((s) => ["end", s] as const),
          ];
          const [what, step] = moves[(turns.next().value ?? 0) % moves.length] ?? [];
          assert.ok(step, "no step can run");
          if (what === "begin") {
            running.add(step.name);
            cluster.begin(step.script, step.host.name);
          } else {
            running.delete(step.name);
            ended.add(step.name);
            cluster.end(step.script, step.host.name, step.arguments[0]);
          }
          cluster.check();
        }
        assert.deepEqual([...cluster.voters].sort(), site.voters.map((h) => h.name).sort());
        assert.equal(cluster.learner, site.learner?.name);
        assert.deepEqual([...cluster.old], []);
      }),
      { numRuns: 30 },
    );
  });

  it("a rerun finds nothing to do when all is done", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 3 }), fc.boolean(), (b, learner) => {
        const topology = spread(b + 1, b, learner);
        const first = plan(topology);
        const seen = afterLossOfA(topology);
        for (const facts of Object.values(seen.hosts)) {
          assert.ok(facts.reachable);
          Object.assign(facts, { epoch: 2, act: first.act, plan: { source: "b1", member: "b1" } });
          for (const step of first.steps) facts.steps[step.script] = record(step.script, 2, 1);
          const server = first.finalApiServers.find((r) => r.host.name === facts.host);
          if (server) facts.processes["kube-apiserver"] = container(server.after, "running", 2);
          if (facts.host === "b1" && first.etcd) facts.processes.etcd = container(first.etcd.after, "running", 2);
        }
        const again = planFailover(topology, ready, seen);
        assert.deepEqual(
          again.steps.filter((s) => s.due).map((s) => s.name),
          [],
        );
      }),
      { numRuns: 4 },
    );
  });
});
