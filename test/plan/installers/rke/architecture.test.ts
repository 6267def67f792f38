import assert from "node:assert/strict";
import { architectureSeen } from "../../../../plan/acts/steps/architecture";
import { parseTopology } from "../../../../plan/declaration/declaration";
import { etcdProcess } from "../../../../plan/installers/rke/etcd";
import { clusterOrder } from "../../../../plan/topology/order";
import { inPeace } from "../../../../plan/topology/site";
import type { Topology } from "../../../../plan/topology/topology";
import { goArchitecture } from "../../../../plan/values/architecture";
import { afterLossOfA, survivor } from "../../worlds/observations";
import { raw, seedHosts, withLearner } from "../../worlds/topologies";

/** The architecture in master2's planned etcd if the first etcd host, master3, has another one. */
function planned(topology: Topology, name: string, first: string | undefined): string {
  const hosts = clusterOrder(topology);
  const of = (host: string, architecture: string) => {
    const found = hosts.find((h) => h.name === host);
    assert.ok(found);
    return survivor(topology, found, { architecture });
  };
  const seen = {
    ...afterLossOfA(topology),
    hosts: { [name]: of(name, "x86_64"), ...(first === undefined ? {} : { master3: of("master3", first) }) },
  };
  const host = hosts.find((h) => h.name === name);
  assert.ok(host);
  return architectureSeen(inPeace(topology), seen, host);
}

const running = (rkeVersion: string) =>
  parseTopology(raw(seedHosts, { rkeVersion, kubernetesVersion: "v1.18.20-rancher1-2" }));

describe("ETCD_UNSUPPORTED_ARCH in a cluster of two architectures", () => {
  const cases: [what: string, topology: Topology, name: string, first: string | undefined, expected: string][] = [
    ["RKE v1.2.23: the first etcd host's", running("v1.2.23"), "master2", "aarch64", "aarch64"],
    ["RKE v1.3.0: the host's own", running("v1.3.0"), "master2", "aarch64", "x86_64"],
    [
      "RKE v1.2.23, whose first etcd host wasn't seen: the host's own",
      running("v1.2.23"),
      "master2",
      undefined,
      "x86_64",
    ],
  ];
  for (const [what, topology, name, first, expected] of cases) {
    it(what, () => assert.equal(planned(topology, name, first), expected));
  }

  it("a learner, which RKE doesn't plan, has its own", () => {
    const topology = withLearner();
    const hosts = clusterOrder(topology);
    const learner = hosts.find((h) => h.etcd === "learner");
    const voter = hosts.find((h) => h.etcd === "voter");
    assert.ok(learner && voter);
    const seen = {
      ...afterLossOfA(topology),
      hosts: {
        [learner.name]: survivor(topology, learner, { architecture: "aarch64" }),
        [voter.name]: survivor(topology, voter),
      },
    };
    assert.equal(architectureSeen(inPeace(topology), seen, learner), "aarch64");
  });

  it("docker's aarch64 is arm64 to etcd", () => {
    assert.deepEqual(["aarch64", "x86_64"].map(goArchitecture), ["arm64", "x86_64"]);
    const topology = running("v1.3.0");
    const host = clusterOrder(topology)[0];
    assert.ok(host);
    assert.ok(etcdProcess(inPeace(topology), host, "aarch64").env.includes("ETCD_UNSUPPORTED_ARCH=arm64"));
  });
});
