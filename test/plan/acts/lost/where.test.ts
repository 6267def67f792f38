import assert from "node:assert/strict";
import { whereLost } from "../../../../plan/acts/lost/where";
import type { Reachable } from "../../../../plan/facts/facts";
import { returned, topology } from "../../worlds/failback-world";
import { container, named } from "../../worlds/observations";

const plan = { source: "master3", member: "master3", method: "forceNewCluster", lost: "a" };
const stopped = (name: string, image: string) => ({ [name]: container(named(name, { image }), "exited") });
const before = { path: "/var/lib/etcd/before-epoch-2", bytes: 5 };
const back = (epoch: number, path = `/var/lib/rke-dr/epoch-${epoch}/etcd-data`): Partial<Reachable> => ({
  epoch,
  aside: [{ path, bytes: 9 }],
  processes: stopped(`etcd-before-epoch-${epoch}`, "etcd:old"),
});

function found(change: Record<string, Partial<Reachable>>, epoch = 2) {
  const seen = returned({ master3: { epoch: 2, plan, aside: [before] }, ...change });
  const where = whereLost(topology, epoch, seen);
  return "problems" in where ? where.problems : where;
}
const where = (change: Record<string, Partial<Reachable>>) => {
  const lost = found(change);
  assert.ok(!Array.isArray(lost), JSON.stringify(lost));
  return lost;
};

describe("the data of a failover's two sides", () => {
  it("is what the failover set aside, and what the failback did, read by the etcd that wrote it", () => {
    const lost = where({ master1: back(3), master2: back(3, "/var/lib/etcd/rke-dr-epoch-3/etcd-data") });
    assert.equal(lost.datacenter, "a");
    assert.deepEqual([lost.base.host.name, lost.base.path], ["master3", before.path]);
    assert.deepEqual(
      lost.returned.map((d) => `${d.host.name} ${d.path} ${d.image}`),
      ["master1 /var/lib/rke-dr/epoch-3/etcd-data etcd:old", "master2 /var/lib/etcd/rke-dr-epoch-3/etcd-data etcd:old"],
    );
  });

  it("after a restore is the snapshot that it began with", () => {
    const snapshot = { path: "/var/lib/rke-dr/epoch-2/snapshot.db", bytes: 3 };
    const lost = where({ master3: { epoch: 2, plan, aside: [before, snapshot] }, master1: back(3) });
    assert.equal(lost.base.path, snapshot.path);
  });

  it("of a host in quarantine is where it was; a host that is missing is named", () => {
    const quarantined = { epoch: 1, aside: [], processes: stopped("etcd-before-epoch-2", "etcd:old"), etcdBytes: 7 };
    const lost = where({ master1: quarantined, master2: { epoch: 3, aside: [] } });
    assert.deepEqual(
      lost.returned.map((d) => d.path),
      ["/var/lib/etcd"],
    );
    assert.deepEqual(lost.missing, [
      "master2: its old data must lie aside: it isn't there; the host was rebuilt, or its data was purged",
    ]);
  });

  it("is that of the first failback after it, not of a later one", () => {
    const aside = [5, 3].map((epoch) => ({ path: `/var/lib/rke-dr/epoch-${epoch}/etcd-data`, bytes: epoch }));
    const lost = where({ master1: { ...back(5), aside } });
    assert.equal(lost.returned[0]?.path, "/var/lib/rke-dr/epoch-3/etcd-data");
  });

  const refusals: [string, Record<string, Partial<Reachable>>, RegExp, number?][] = [
    [
      "the epoch was no failover's",
      { master3: { epoch: 2, plan: {} } },
      /--epoch: must be the epoch of a failover: no host has a record of one of epoch 4/,
      4,
    ],
    [
      "the failover's data was purged",
      { master3: { epoch: 2, plan, aside: [] }, master1: back(3) },
      /master3: the data with which the failover of epoch 2 began must lie aside: it is gone/,
    ],
    [
      "the old etcd still runs",
      { master1: { epoch: 1, aside: [] }, master2: { epoch: 3, aside: [] } },
      /master1: its old etcd must not run while its data is read: it does; bring the host back first/,
    ],
    [
      "the host is another cluster's",
      { master1: { ...back(3), cluster: "other" }, master2: { epoch: 3, aside: [] } },
      /master1: belongs to cluster other/,
    ],
  ];
  for (const [why, change, words, epoch] of refusals) {
    it(`isn't read if ${why}`, () => {
      const problems = found(change, epoch);
      assert.ok(Array.isArray(problems));
      assert.match(problems.join("\n"), words);
    });
  }
});
