import assert from "node:assert/strict";
import { planPrimary } from "../../../plan/acts/primary/primary";
import type { Reachable } from "../../../plan/facts/facts";
import { primaryGuards } from "../../../plan/guards/primary";
import type { Host } from "../../../plan/topology/topology";
import { kubeadmTopology, untouchedCluster } from "../worlds/kubeadm-world";
import { alone } from "../worlds/observations";

const topology = kubeadmTopology();

/** No voter has quorum; `change` alters what a host says. */
const told = (change: (host: Host) => Partial<Reachable>): string => {
  const seen = untouchedCluster(topology, (host) => ({
    epoch: 1,
    act: "primary",
    ...(host.etcd === "voter" ? { etcd: alone } : {}),
    ...change(host),
  }));
  const verdicts = primaryGuards(topology, planPrimary(topology, 1, seen), seen);
  return verdicts.find((v) => v.guard === "members of etcd")?.problems.join("\n") ?? "";
};
const away = (...names: string[]) => told((host) => (names.includes(host.name) ? { processes: {} } : {}));

describe("voters whose manifests were moved away, while etcd has no quorum", () => {
  it("are named with the place of etcd's manifest, and how to find it", () => {
    assert.match(
      away("cp1", "cp2"),
      /^On cp1, cp2 \/etc\/kubernetes\/manifests\/etcd\.yaml isn't there: `ls \/etc\/kubernetes\/\*\/etcd\.yaml` finds it/m,
    );
  });

  it("aren't told of if every voter has its etcd", () => {
    assert.match(away(), /a voter must answer a linearizable read/);
    assert.doesNotMatch(away(), /isn't there/);
  });

  it("aren't those whose etcd an act has set aside: they have a place of their own", () => {
    const text = told((host) => {
      const [etcd] = Object.values(untouchedCluster(topology).hosts)
        .flatMap((facts) => (facts.reachable ? [facts.processes.etcd] : []))
        .filter((found) => found !== undefined);
      return host.name === "cp1" && etcd ? { processes: { "etcd-before-epoch-2": etcd } } : {};
    });
    assert.doesNotMatch(text, /isn't there/);
  });
});
