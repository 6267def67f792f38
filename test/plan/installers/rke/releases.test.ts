import assert from "node:assert/strict";
import { compared, planned, type Recording, recordedCluster, recordings } from "./recorded-clusters";

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

function assertSame({ cluster, rkeVersion, kubernetesVersion, plan }: Recording): void {
  const theirs = Object.fromEntries(Object.entries(plan()).map(([key, process]) => [key, compared(process)]));
  assert.deepEqual(planned(recordedCluster(cluster), rkeVersion, kubernetesVersion), theirs, cluster);
}
