import { clusterOrder, controlPlane } from "./order";
import { deployHost, type Topology } from "./topology";

/** The URL of the kube-apiserver that a datacenter's deploy host asks: one of its own side. */
export function ownServer(topology: Topology, datacenter: string): string {
  const deploy = deployHost(topology, datacenter);
  const candidates = controlPlane(clusterOrder(topology)).filter((h) => h.datacenter === datacenter);
  const own = candidates.find((h) => h.name === deploy.name) ?? candidates[0] ?? deploy;
  return `https://${own.address}:6443`;
}
