import type { Topology } from "./topology-hosts";

/** What the topology has a key for and nothing acts on yet: refused by name, since it would promise what isn't done. */
const unbuilt: [item: string, isSaid: (topology: Topology) => boolean][] = [
<<<<<<< HEAD
  ["ssh.bastion", (t) => t.ssh.bastion !== undefined],
=======
  ["fence", (t) => Object.keys(t.fence).length > 0],
>>>>>>> ad76fc9 (ssh.bastion for looking and for steps; images as RKE picks them; etcd.version is checked)
];

export const unbuiltProblems = (topology: Topology): string[] =>
  unbuilt.filter(([, isSaid]) => isSaid(topology)).map(([item]) => `topology.${item}: is not built yet`);
