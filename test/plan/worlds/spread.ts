import { parseTopology } from "../../../plan/declaration/declaration";
import type { Topology } from "../../../plan/topology/topology";
import { raw } from "./topologies";

const member = ["controlplane", "worker", "etcd"];

/** So many voters in each datacenter: a1, a2, ... and b1, b2, ...; with a learner the host bl follows. */
export function spread(a: number, b: number, withLearner = false): Topology {
  const hosts = (dc: string, count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [
        `${dc}${i + 1}`,
        [`10.${dc === "a" ? 1 : 2}.0.${i + 1}`, member] as [string, string[]],
      ]),
    );
  const learner: Record<string, [string, string[]]> = withLearner
    ? { bl: ["10.2.0.100", ["controlplane", "worker"]] }
    : {};
  const plain = raw({
    a: hosts("a", a),
    b: { ...hosts("b", b), ...learner, w: ["10.2.0.200", ["worker"]] },
  }) as { datacenters: { hosts: { name: string; etcd?: string }[] }[] };
  for (const host of plain.datacenters[1]?.hosts ?? []) if (host.name === "bl") host.etcd = "learner";
  return parseTopology(plain);
}
