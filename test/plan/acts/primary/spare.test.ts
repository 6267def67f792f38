import assert from "node:assert/strict";
import { join } from "node:path";
import { readTopologyFile } from "../../../../cli/topology-file";
import { planPrimary } from "../../../../plan/acts/primary/primary";
import { installerOf } from "../../../../plan/installers/installers";
import { nothingSeen } from "../../../../plan/review/analysis";
import { inPeace } from "../../../../plan/topology/site";
import type { Topology } from "../../../../plan/topology/topology";
import { stepNamed, waits } from "../../worlds/step-order";

const read = (name: string) => readTopologyFile(join(__dirname, "../../../../topologies", `${name}.yaml`));
const stepsOf = (topology: Topology) => planPrimary(topology, 1, nothingSeen).steps;
const spares = (topology: Topology) =>
  stepsOf(topology)
    .map((s) => s.name)
    .filter((name) => name.startsWith("etcd-spare"));

describe("a datacenter without a member of etcd", () => {
  const topology = read("snapshot");

  it("has its control plane host prepared for one, once the installer has built it", () => {
    assert.deepEqual(spares(topology), ["etcd-spare-master3"]);
    assert.deepEqual(stepNamed(stepsOf(topology), "etcd-spare-master3").arguments, [
      "kube-etcd-192-168-31-103",
      installerOf(topology).images(topology).etcd,
    ]);
    assert.ok(waits(stepsOf(topology), "etcd-spare-master3", "rke-up-master3"));
  });

  it("has a certificate of etcd for that host alone, with its own names", () => {
    const made = installerOf(topology).certificates(inPeace(topology));
    const own = made.filter((c) => c.name === "kube-etcd-192-168-31-103");
    assert.deepEqual(
      own.map((c) => [c.commonName, c.issuer, c.ipAddresses]),
      [["kube-etcd", "kube-ca", ["192.168.31.103", "127.0.0.1", "10.43.0.1"]]],
    );
    assert.ok(!made.some((c) => c.name === "kube-etcd-192-168-31-105"));
  });

  for (const other of ["seed", "learner", "five", "witness", "kubeadm"]) {
    it(`is none of topologies/${other}.yaml: nothing is prepared there`, () =>
      assert.deepEqual(spares(read(other)), []));
  }
});
