import assert from "node:assert/strict";
import { parseTopology } from "../../../../plan/declaration/declaration";
import { render } from "../../../../plan/review/rendering";
import { raw, seedHosts } from "../../worlds/topologies";
import { compared, planned, type Recorded, type Recording, recordedCluster, recordings } from "./recorded-clusters";

const all = recordings();

describe("etcd and kube-apiserver equal what each RKE release planned", () => {
  const releases = [...new Set(all.map((r) => r.rkeVersion))];
  for (const release of releases) {
    const own = all.filter((r) => r.rkeVersion === release);
    for (const kubernetes of new Set(own.map((r) => r.kubernetesVersion))) {
      const recorded = own.filter((r) => r.kubernetesVersion === kubernetes);
      it(`RKE ${release} plans the same for ${kubernetes}: ${recorded.map((r) => r.cluster).join(", ")}`, () => {
        for (const recording of recorded) {
          assertSame(recording);
        }
      });
    }
  }

  it("reads every recording", () => {
    assert.ok(all.length >= 388, `${all.length} plans`);
  });
});

describe("both stacks render what an RKE release planned", () => {
  const cases = recordings().filter(({ cluster }) => ["primary", "failover"].includes(cluster));
  for (const { rkeVersion, kubernetesVersion, cluster, plan } of cases) {
    it(`${cluster} of RKE ${rkeVersion}, ${kubernetesVersion}`, () => {
      const act = cluster === "primary" ? ({ stack: "primary" } as const) : ({ stack: "failover", lost: "a" } as const);
      const { processes } = render(parseTopology(raw(seedHosts, { rkeVersion, kubernetesVersion })), act);
      const shape = (all: Recorded) => Object.fromEntries(Object.entries(all).map(([key, p]) => [key, compared(p)]));
      assert.deepEqual(shape(processes as unknown as Recorded), shape(plan()));
      const health = (all: Recorded) => Object.values(all).map((p) => p.healthCheck);
      assert.deepEqual(health(processes as unknown as Recorded), health(plan()));
    });
  }
});

function assertSame({ cluster, rkeVersion, kubernetesVersion, plan }: Recording): void {
  const theirs = Object.fromEntries(Object.entries(plan()).map(([key, process]) => [key, compared(process)]));
  assert.deepEqual(planned(recordedCluster(cluster), rkeVersion, kubernetesVersion), theirs, cluster);
}
