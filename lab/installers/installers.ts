/** The installer of a lab's topology. */
import { installerOf, type LabTopology } from "../state/topology";
import type { InstallerDoor } from "./installer";
import { kubeadm } from "./kubeadm";
import { kubekey, kubespray } from "./kubespray";
import { rke } from "./rke";
import { unit } from "./unit";

export const installerDoor = (topology: LabTopology): InstallerDoor =>
  ({ rke, kubeadm, kubespray, kubekey, unit })[installerOf(topology)];
