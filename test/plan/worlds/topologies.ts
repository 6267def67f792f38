import { parseTopology } from "../../../plan/declaration/declaration";
import type { Topology } from "../../../plan/topology/topology";

const member = ["controlplane", "worker", "etcd"];

/** A small topology as a plain object, before validation. */
export function raw(
  datacenters: Record<string, Record<string, [address: string, roles: string[], internal?: string]>>,
  rest: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    cluster: "lab",
    kubernetesVersion: "v1.20.5-rancher1-1",
    standby: "b",
    ssh: {},
    datacenters: Object.entries(datacenters).map(([name, hosts]) => ({
      name,
      deployHost: Object.keys(hosts)[0],
      hosts: Object.entries(hosts).map(([host, [address, roles, internalAddress]]) => ({
        name: host,
        address,
        roles,
        hostKey: "unpinned",
        ...(internalAddress === undefined ? {} : { internalAddress }),
      })),
    })),
    ...rest,
  };
}

/** The first seed's five hosts: three voters, two of them in datacenter a. */
export const seedHosts = {
  a: {
    master1: ["192.168.31.101", member],
    master2: ["192.168.31.102", member],
    node1: ["192.168.31.104", ["worker"]],
  },
  b: { master3: ["192.168.31.103", member], node2: ["192.168.31.105", ["worker"]] },
} satisfies Parameters<typeof raw>[0];

export const seed = (): Topology => parseTopology(raw(seedHosts));

/** The second seed's: all voters in a, none in b. */
const votersInA = {
  a: { ...seedHosts.a, node1: ["192.168.31.104", ["worker", "etcd"]] },
  b: { ...seedHosts.b, master3: ["192.168.31.103", ["controlplane", "worker"]] },
} satisfies Parameters<typeof raw>[0];

export const learner = (): Topology => parseTopology(raw(votersInA));

/** The same with the learner: master3 follows the voters. */
export const withLearner = (): Topology => {
  const topology = raw(votersInA) as { datacenters: { hosts: { name: string; etcd?: string }[] }[] };
  const master3 = topology.datacenters[1]?.hosts.find((h) => h.name === "master3");
  if (master3) master3.etcd = "learner";
  return parseTopology(topology);
};

export const internalAddresses = (): Topology =>
  parseTopology(
    raw({
      a: { a1: ["10.1.0.1", member, "172.20.0.1"], a2: ["10.1.0.2", member, "172.20.0.2"] },
      b: { b1: ["10.2.0.1", member, "172.21.0.1"] },
    }),
  );

const threeMasters = {
  a: { master1: seedHosts.a.master1, master2: seedHosts.a.master2 },
  b: { master3: seedHosts.b.master3 },
} satisfies Parameters<typeof raw>[0];

export const extraArgs = (): Topology =>
  parseTopology(
    raw(threeMasters, {
      serviceCidr: "10.96.0.0/12",
      etcd: { extraArgs: { "quota-backend-bytes": "8589934592", "auto-compaction-retention": "1" } },
      kubeApi: { extraArgs: { "audit-log-maxage": "7" } },
    }),
  );
