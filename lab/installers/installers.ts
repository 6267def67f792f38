/** The installer of a lab's topology. */
import type { LabState } from "../state/state";
import { installerOf, type LabTopology } from "../state/topology";
import type { Chosen, InstallerDoor } from "./installer";
import { kubeadm } from "./kubeadm";
import { kubekey, kubespray } from "./kubespray";
import { rke } from "./rke";
import { unit } from "./unit";

/** What was chosen for a lab that is there: a host that is set up anew gets the same. kubeadm's clusters have no choice of an etcd. */
export const chosenOf = ({ topology, rke, etcd }: LabState): Chosen =>
  installerOf(topology) === "kubeadm" ? {} : { etcd, ...(rke ? { rke } : {}) };

export const installerDoor = (topology: LabTopology): InstallerDoor =>
  ({ rke, kubeadm, kubespray, kubekey, unit })[installerOf(topology)];
