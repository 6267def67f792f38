import { architectureSeen } from "../acts/steps/architecture";
import { factsOf, type Observation } from "../facts/observation";
import { installerOf } from "../installers/installers";
import type { Process } from "../runtimes/process";
import { isRunning } from "../runtimes/running";
import { inPeace } from "../topology/site";
import { allHosts, type Host, type Topology } from "../topology/topology";

/** How far what runs differs from what the installer plans by the topology. */
interface Fit {
  /** Arguments, variables, binds and images that differ, of all hosts together. */
  differing: number;
  /** First what is wrong, then what to do. */
  words: string[];
}

/**
 * The release whose rules match the running etcd and kube-apiserver best, if that isn't the topology's: in words, with what to set.
 * Empty if the topology's release matches as well as any other, or nothing was seen.
 */
export function settingsThatFit(topology: Topology, seen: Observation): Fit[] {
  const running = runningProcesses(topology, seen);
  const own = differing(topology, running, seen);
  if (own === 0) {
    return [];
  }
  const { releases: known } = installerOf(topology);
  if (known === undefined) {
    return [];
  }
  const processes = running.map(({ process }) => process);
  const found = known.alternatives(topology, processes).map(({ settings, releases }) => ({
    settings,
    releases,
    count: differing({ ...topology, ...settings }, running, seen),
  }));
  const least = Math.min(...found.map(({ count }) => count));
  if (!(least < own)) {
    return [];
  }
  const best = found.filter(({ count }) => count === least);
  // the topology's own version if it fits as well as another
  const version = (best.find((b) => b.settings.kubernetesVersion === topology.kubernetesVersion) ?? best[0])?.settings
    .kubernetesVersion;
  const releases = best.filter((b) => b.settings.kubernetesVersion === version).flatMap((b) => b.releases);
  return version === undefined
    ? []
    : [{ differing: least, words: known.fitWords(topology, { own, least, releases, kubernetesVersion: version }) }];
}

/** The same as a note of preview, for clusters of which nothing is to be taken over: only where a release plans all as it runs. */
export const releaseNotes = (topology: Topology, seen: Observation): string[] =>
  settingsThatFit(topology, seen).flatMap(({ differing, words }) => (differing === 0 ? [words.join("; ")] : []));

interface Found {
  host: Host;
  process: Process;
}

function runningProcesses(topology: Topology, seen: Observation): Found[] {
  return allHosts(topology).flatMap((host) => {
    const facts = factsOf(seen, host);
    const isMember = { etcd: host.etcd === "voter", "kube-apiserver": host.roles.includes("controlplane") };
    return (["etcd", "kube-apiserver"] as const).flatMap((name) => {
      const found = isMember[name] ? facts?.processes[name] : undefined;
      return isRunning(found) ? [{ host, process: found.process }] : [];
    });
  });
}

function differing(topology: Topology, running: Found[], seen: Observation): number {
  const site = inPeace(topology);
  const { plannedApiServer, plannedEtcd, runtimeOn } = installerOf(site);
  return running
    .map(({ host, process }) => {
      const planned =
        process.name === "etcd"
          ? plannedEtcd(site, host, architectureSeen(site, seen, host))
          : plannedApiServer(site, host, process);
      return runtimeOn(host).differs(comparable(planned), comparable(process, planned));
    })
    .reduce((sum, lines) => sum + changed(lines), 0);
}

/** A value that changed stands in two lines, "- --name=planned" and "+ --name=running", and counts once. */
function changed(lines: string[]): number {
  return new Set(lines.map((line) => line.slice(2).replace(/[=:].*$/s, ""))).size;
}

/** RKE gives a member that it added another --initial-cluster-state, and leaves it; images bring variables of their own. */
export function comparable(process: Process, planned: Process = process): Process {
  // RKE v1.5.9 and v1.5.10 plan an empty variable, which begins like any other
  const names = planned.env.map((e) => e.slice(0, e.indexOf("=") + 1)).filter((name) => name !== "");
  const isOurs = (e: string) => names.some((name) => e.startsWith(name)) || /^RKE_[A-Z_]+_CHECKSUM=/.test(e);
  return {
    ...process,
    cmd: process.cmd.filter((arg) => !arg.startsWith("--initial-cluster-state=")),
    env: process.env.filter(isOurs),
  };
}
