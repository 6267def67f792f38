import type { Topology } from "../topology/topology";
import type { Installer } from "./installer";
import { rke } from "./rke/rke";

/**
 * The installer of a topology's or a site's cluster.
 * @throws Error for an installer whose acts aren't built: `actProblems` refuses it by name before any act is planned
 */
export function installerOf({ installer }: Pick<Topology, "installer">): Installer {
  switch (installer) {
    case "rke":
      return rke;
    case "kubeadm":
      throw new Error(`installer ${installer}: acts aren't built yet; render and import are`);
    default:
      return installer satisfies never;
  }
}
