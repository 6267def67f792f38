import { clusterOrder, controlPlane } from "./order";
import { deployHost, type Host, type Topology } from "./topology";

/** The port of a host's kube-apiserver. */
export const apiPort = (host: Host): number => host.kubeadm?.bindPort ?? 6443;

/** The URL of the kube-apiserver that a datacenter's deploy host asks: one of its own side. */
export function ownServer(topology: Topology, datacenter: string): string {
  const deploy = deployHost(topology, datacenter);
  const candidates = controlPlane(clusterOrder(topology)).filter((h) => h.datacenter === datacenter);
  const own = candidates.find((h) => h.name === deploy.name) ?? candidates[0] ?? deploy;
  return `https://${own.address}:${apiPort(own)}`;
}
