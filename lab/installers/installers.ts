/** The installer of a lab's topology. */
import { installerOf, type LabTopology } from "../state/topology";
import type { InstallerDoor } from "./installer";
import { kubeadm } from "./kubeadm";
import { rke } from "./rke";

export const installerDoor = (topology: LabTopology): InstallerDoor => ({ rke, kubeadm })[installerOf(topology)];
