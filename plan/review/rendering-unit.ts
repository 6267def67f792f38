import { clusterOn, externalEndpoints, plannedEtcd, recoveredEtcd } from "../installers/etcd-unit/processes";
import { initialCluster, plannedOn, unitOn } from "../installers/etcd-unit/settings";
import { planned } from "../installers/kubeadm/planned";
import { kubeadmHost } from "../installers/kubeadm/site";
import { changedSettings } from "../runtimes/systemd/systemd";
import { controlPlane } from "../topology/order";
import { afterLoss, inPeace, type Site } from "../topology/site";
import { allHosts, type Host, type Topology } from "../topology/topology";
import { type Analysis, analyse, refusals } from "./analysis";
import { sourceOf } from "./installers";
import type { Act } from "./rendering";

/** Everything that one stack of a cluster with etcd as a unit would run, as plain data. */
export interface UnitRendering {
  installer: Topology["installer"];
  controlPlaneEndpoint: string | undefined;
  /** etcd's members, as --initial-cluster names them. */
  members: string;
  /** The files of etcd's hosts by host and path: {node1: {"etcd.env": text, "etcd.service": text}}. */
  units: Record<string, Record<string, string>>;
  /** kubeadm's static pods by host and file. */
  manifests: Record<string, Record<string, string>>;
  analysis: Analysis;
  /** Why a failover would refuse; then nothing changes, and this rendering says what goes on running. */
  refused: string[];
}

export function renderUnit(topology: Topology, act: Act): UnitRendering {
  const refused = act.stack === "failover" ? refusals(topology, act.lost) : [];
  const peace = inPeace(topology);
  const source = act.stack === "failover" && refused.length === 0 ? sourceOf(topology, act.lost) : undefined;
  const site = act.stack === "failover" && source ? afterLoss(topology, act.lost, source) : peace;
  const hosts = act.stack === "failover" ? allHosts(topology).filter((h) => h.datacenter !== act.lost) : site.hosts;
  return {
    installer: topology.installer,
    controlPlaneEndpoint: topology.kubeadm?.controlPlaneEndpoint,
    members: initialCluster(site.voters),
    units: Object.fromEntries(
      hosts.filter((h) => h.etcd !== "none").map((h) => [h.name, unitFiles(topology, peace, site, h)]),
    ),
    manifests:
      topology.kubeadm === undefined
        ? {}
        : Object.fromEntries(controlPlane(hosts).map((h) => [h.name, manifestsOn(site, h)])),
    analysis: analyse(topology),
    refused,
  };
}

/** etcd's file of settings as the act leaves it: as it was in peace, but for the members. */
function unitFiles(topology: Topology, peace: Site, site: Site, host: Host): Record<string, string> {
  const unit = unitOn(topology, host, peace.voters);
  const before = plannedOn(topology, host, peace.voters);
  const env = site === peace ? unit.env : changedSettings(recoveredEtcd(before, host, site.voters), unit);
  return { "etcd.env": env, ...(unit.unit === "" ? {} : { "etcd.service": unit.unit }) };
}

const manifestsOn = (site: Site, host: Host): Record<string, string> =>
  planned(clusterOn(site, host, externalEndpoints(site)), { host: kubeadmHost(host), joins: [] });

/** etcd in peace, an argument a line: what `up` compares with the running one. */
export const flagsInPeace = (topology: Topology, host: Host): string[] => plannedEtcd(inPeace(topology), host).cmd;
