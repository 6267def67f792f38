import type { Topology } from "../topology/topology";
import { kubekey, kubespray, unit } from "./etcd-unit/installers";
import type { Installer } from "./installer";
import { kubeadm } from "./kubeadm/kubeadm";
import { rke } from "./rke/rke";

/** The installer of a topology's or a site's cluster. */
export function installerOf({ installer }: Pick<Topology, "installer">): Installer {
  switch (installer) {
    case "rke":
      return rke;
    case "kubeadm":
      return kubeadm;
    case "kubespray":
      return kubespray;
    case "kubekey":
      return kubekey;
    case "unit":
      return unit;
    default:
      return installer satisfies never;
  }
}
