import { clusterOrder, controlPlane } from "./order";
import { deployHost, type Host, type Topology } from "./topology";

/** The port of a host's kube-apiserver. */
export const apiPort = (host: Host): number => host.kubeadm?.bindPort ?? 6443;

/** The URL of the kube-apiserver that a datacenter's deploy host asks: one of its own side. */
export function ownServer(topology: Topology, datacenter: string): string {
  const near = controlPlane(clusterOrder(topology)).filter((h) => h.datacenter === datacenter);
  return serverUrl(serverHost(topology, datacenter, near));
}

/** The URL of a host's kube-apiserver. */
export const serverUrl = (host: Host): string => `https://${host.address}:${apiPort(host)}`;

/** The host of that kube-apiserver, the deploy host if it serves. @param serving the hosts that serve; those of another side come last */
export function serverHost(topology: Topology, datacenter: string, serving: Host[]): Host {
  const deploy = deployHost(topology, datacenter);
  const near = serving.filter((h) => h.datacenter === datacenter);
  return near.find((h) => h.name === deploy.name) ?? near[0] ?? serving[0] ?? deploy;
}
