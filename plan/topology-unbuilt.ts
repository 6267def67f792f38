import type { Topology } from "./topology-hosts";

/** What the topology has a key for and nothing acts on yet: refused by name, since it would promise what isn't done. */
const unbuilt: [item: string, isSaid: (topology: Topology) => boolean][] = [
  ["ssh.bastion", (t) => t.ssh.bastion !== undefined],
];

export const unbuiltProblems = (topology: Topology): string[] =>
  unbuilt.filter(([, isSaid]) => isSaid(topology)).map(([item]) => `topology.${item}: is not built yet`);
