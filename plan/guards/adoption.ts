import { architectureSeen } from "../acts/steps/architecture";
import type { Reachable } from "../facts/facts";
import { factsOf, type Observation } from "../facts/observation";
import { installerOf } from "../installers/installers";
import type { AdoptedCluster } from "../installers/rke/adopted";
import type { Process } from "../runtimes/process";
import { isRunning } from "../runtimes/running";
import type { Runtime } from "../runtimes/runtime";
import { controlPlane, voters } from "../topology/order";
import { inPeace, type Site } from "../topology/site";
import type { Host, Topology } from "../topology/topology";
import { comparable, settingsThatFit } from "./release-fit";

/** Why the cluster that runs isn't the one that the topology describes, so that it can't be taken over. */
export function adoptionProblems(topology: Topology, adopted: AdoptedCluster, seen: Observation): string[] {
  const site = inPeace(topology);
  const { hosts } = site;
  const order = hosts.map((h) => h.address);
  const listed = adopted.hosts.filter((a) => order.includes(a));
  const strange = adopted.hosts.filter((a) => !order.includes(a));
  const missing = hosts.filter((h) => !adopted.hosts.includes(h.address)).map((h) => h.name);
  return [
    ...strange.map((a) => `rke-dr:adopted: its cluster has a host that the topology lacks: ${a}`),
    ...missing.map((name) => `rke-dr:adopted: its cluster lacks the topology's ${name}`),
    ...(strange.length + missing.length === 0 && listed.join() !== order.join()
      ? [
          `rke-dr:adopted: its cluster lists ${listed.join(", ")}, the topology ${order.join(", ")}; \`order:\` keeps it`,
        ]
      : []),
    ...hosts.flatMap((host) => hostProblems(site, host, adopted.caSum, seen)),
    ...settingsThatFit(topology, seen).map(({ words }) => words),
    ...imageProblems(topology, adopted),
  ];
}

/** Images that RKE took, by its own state, and that the topology doesn't give. */
function imageProblems(topology: Topology, { text }: AdoptedCluster): string[] {
  const other = Object.entries(installerOf(topology).releases?.imagesTaken(topology, text) ?? {});
  return other.length === 0
    ? []
    : [
        `rke-dr:adopted: RKE took other images than the topology gives; if it is right, write under topology.rke: system_images: {${other.map(([key, image]) => `${key}: ${image}`).join(", ")}}`,
      ];
}

function hostProblems(site: Site, host: Host, caSum: string, seen: Observation): string[] {
  const facts = factsOf(seen, host);
  if (!facts) {
    return [];
  }
  const { plannedApiServer, plannedEtcd, runtimeOn } = installerOf(site);
  const { differs } = runtimeOn(host);
  const api = facts.processes["kube-apiserver"]?.process;
  const planned = [
    ...voters([host]).map(() => plannedEtcd(site, host, architectureSeen(site, seen, host))),
    ...controlPlane([host]).map(() => plannedApiServer(site, host, api)),
  ];
  return [
    ...(facts.caSum === caSum ? [] : [`${host.name}: its kube-ca isn't that of rke-dr:adopted`]),
    ...planned.flatMap((process) => processProblems(differs, host, process, facts)),
  ];
}

function processProblems(differs: Runtime["differs"], host: Host, planned: Process, facts: Reachable): string[] {
  const found = facts.processes[planned.name];
  if (!isRunning(found)) {
    // of a cluster that was taken over already, `up` brings a dead member back
    return facts.epoch === 0 ? [`${host.name}: ${planned.name} doesn't run`] : [];
  }
  const differences = differs(comparable(planned), comparable(found.process, planned));
  return differences.length === 0
    ? []
    : [
        `${host.name}: ${planned.name} isn't what RKE would plan from the topology (- planned, + running): ${differences.join(", ")}`,
      ];
}
