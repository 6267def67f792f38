import type { Topology } from "./topology-hosts";

/** What the topology has a key for and nothing acts on yet: refused by name, since it would promise what isn't done. */
const unbuilt: [item: string, isSaid: (topology: Topology) => boolean][] = [
  ["ssh.bastion", (t) => t.ssh.bastion !== undefined],
  ["etcd.snapshots", (t) => t.etcd.snapshots !== undefined],
  ["fence", (t) => Object.keys(t.fence).length > 0],
  ["targets", (t) => Object.keys(t.targets).length > 0],
  ["accept", (t) => t.accept.length > 0],
  ["pki", (t) => t.pki === "adopted"],
];

export const unbuiltProblems = (topology: Topology): string[] =>
  unbuilt.filter(([, isSaid]) => isSaid(topology)).map(([item]) => `topology.${item}: is not built yet`);
