import type { Topology } from "../topology/topology";

/** An act on hosts, by the way in which it changes them. */
export type Act = "peace" | "forceNewCluster" | "restore" | "failback";

const all: readonly Act[] = ["peace", "forceNewCluster", "restore", "failback"];

/** The acts that a drill or a test has shown on real hosts, by installer (docs/verified.md); any other is planned and rendered, and refused. */
const shown: Record<Topology["installer"], readonly Act[]> = {
  rke: all,
  kubeadm: all,
  kubespray: all,
  kubekey: ["peace", "forceNewCluster"],
  unit: [],
};

export const isShown = ({ installer }: Pick<Topology, "installer">, act: Act): boolean =>
  shown[installer].includes(act);

/** True if no act may run: then nothing of such a topology reaches a host. */
export const nothingIsShown = ({ installer }: Pick<Topology, "installer">): boolean => shown[installer].length === 0;
