import { type Certificate, certificates } from "../installers/kubeadm/certificates";
import { clusterOf, kubeadmHost, manifestsAfter, manifestsInPeace } from "../installers/kubeadm/site";
import { controlPlane, survivors } from "../topology/order";
import { allHosts, type Host, type Topology } from "../topology/topology";
import { type Analysis, analyse, refusals } from "./analysis";
import { sourceOf } from "./installers";
import type { Act } from "./rendering";

/** Everything that one stack of a kubeadm cluster would run, as plain data. */
export interface KubeadmRendering {
  installer: "kubeadm";
  /** Name or address and port at which workers and admins reach the API. */
  controlPlaneEndpoint: string | undefined;
  /** Static pods by host and file, as kubeadm writes them: {cp1: {"etcd.yaml": text}}. */
  manifests: Record<string, Record<string, string>>;
  /** By host and by kubeadm's name: {cp1: {"etcd-peer": ...}}. No act changes them. */
  certificates: Record<string, Record<string, Certificate>>;
  analysis: Analysis;
  /** Why a failover would refuse; then nothing changes, and this rendering says what goes on running. */
  refused: string[];
}

export function renderKubeadm(topology: Topology, act: Act): KubeadmRendering {
  const refused = act.stack === "failover" ? refusals(topology, act.lost) : [];
  const running = act.stack === "failover" ? survivors(topology, act.lost) : allHosts(topology);
  return {
    installer: "kubeadm",
    controlPlaneEndpoint: topology.kubeadm?.controlPlaneEndpoint,
    manifests: manifestsOf(topology, act, running, refused),
    certificates: Object.fromEntries(
      controlPlane(running).map((h) => [
        h.name,
        Object.fromEntries(certificates(clusterOf(topology), kubeadmHost(h)).map((c) => [c.name, c])),
      ]),
    ),
    analysis: analyse(topology),
    refused,
  };
}

function manifestsOf(topology: Topology, act: Act, running: Host[], refused: string[]) {
  const source = act.stack === "failover" && refused.length === 0 ? sourceOf(topology, act.lost) : undefined;
  if (source) {
    return manifestsAfter(topology, running, source);
  }
  const names = controlPlane(running).map((h) => h.name);
  return Object.fromEntries(Object.entries(manifestsInPeace(topology)).filter(([name]) => names.includes(name)));
}
