import assert from "node:assert/strict";
import { checksumCopies } from "../../../../plan/installers/rke/checksum-copies";
import { afterLoss, inPeace } from "../../../../plan/topology/site";
import { learner, seed } from "../../worlds/topologies";

describe("the number of checksums that RKE compares with", () => {
  const copies = (rkeVersion: string, topology = seed(), lost?: string) =>
    checksumCopies({ ...(lost === undefined ? inPeace(topology) : afterLoss(topology, lost, undefined)), rkeVersion });

  for (const [rkeVersion, expected] of [
    ["v1.4.3", []],
    ["v1.4.4", ["--checksums=3"]],
    ["v1.4.22", ["--checksums=3"]],
    ["v1.5.0", ["--checksums=3"]],
    ["v1.5.8", ["--checksums=3"]],
    ["v1.5.9", []],
    ["v1.2.7", []],
  ] as const) {
    it(`of RKE ${rkeVersion}: ${expected.join() || "none is given"}`, () =>
      assert.deepEqual(copies(rkeVersion), expected));
  }

  it("counts the hosts that are left after a loss", () =>
    assert.deepEqual(copies("v1.4.22", seed(), "a"), ["--checksums=1"]));

  it("is 0 where no etcd host is a control plane host", () => {
    const topology = learner();
    for (const host of topology.datacenters.flatMap((dc) => dc.hosts)) {
      host.roles = host.roles.filter((role) => role !== "controlplane" || !host.roles.includes("etcd"));
    }
    assert.deepEqual(copies("v1.4.22", topology), ["--checksums=0"]);
  });
});
