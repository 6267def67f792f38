import { isMajorityServing } from "../../etcd/quorum";
import type { Source } from "../../etcd/source";
import { hasBegun } from "../../etcd/source-record";
import { chooseSource, methodFor } from "../../etcd/sources";
import { factsOf, type Observation } from "../../facts/observation";
import { installerOf } from "../../installers/installers";
import { failoverAct } from "../../steps/act";
import { type ScheduledStep, schedule } from "../../steps/steps";
import { survivors } from "../../topology/order";
import { serverHost } from "../../topology/servers";
import { afterLoss, inPeace, type Site, withVoters } from "../../topology/site";
import { deployHost, type Host, type Topology, takesOver } from "../../topology/topology";
import { replaceApiServer, replaceEtcd } from "../steps/replacement";
import { leftOutHosts } from "./left-out";
import { olderData } from "./older-data";
import type { FailoverPlan, FailoverSettings, Stage } from "./plan";
import { failoverSteps } from "./steps";

/** Decides the whole act from the topology, the settings and what was seen. Changes nothing. */
export function planFailover(topology: Topology, settings: FailoverSettings, seen: Observation): FailoverPlan {
  const leftOut = leftOutHosts(topology, settings, seen);
  const left = inOrderOfUse(topology, settings.lost);
  const { source, sources } = chooseSource(settings, seen, left, (s) =>
    refusals(s, settings.epoch, seen, left, leftOut),
  );
  const site = afterLoss(topology, settings.lost, source?.host, leftOut);
  const others = site.hosts.filter((h) => h.etcd !== "none" && h.name !== source?.host.name);
  const { asksOwnEtcd, clusterFile } = installerOf(topology);
  const method = methodFor(source, settings);
  const act = failoverAct(settings.lost, method, source?.name ?? "none");
  // etcd reads --initial-cluster only until it has data, so it may name members that join later, as RKE wants it at the end
  const etcd = source && replaceEtcd(site, settings.epoch, seen, source.host, site.voters);
  const apiServersOf = (at: Site, hosts: Host[]) =>
    hosts.map((host) => replaceApiServer(at, settings.epoch, seen, host));
  // one that asks the etcd of its own host alone serves only when that etcd has joined
  const serving = site.controlPlane.filter((h) => h.name === source?.host.name || !asksOwnEtcd(site, h));
  const isAlone = source === undefined || site.voters.length === 1;
  const apiServers = apiServersOf(
    isAlone ? site : withVoters(site, [source.host]),
    isAlone ? site.controlPlane : serving,
  );
  const majoritySurvives = isMajorityServing(topology, settings.lost, sources);
  const plan = {
    settings,
    majoritySurvives,
    act,
    method,
    site,
    survivors: site.hosts,
    lostHosts: site.lost,
    leftOut,
    others,
    deployHost: site.deployHost,
    source,
    sources,
    resumed: site.hosts.some((h) => hasBegun(seen, h, settings.epoch)),
    etcd,
    apiServers,
    server: serverHost(
      topology,
      site.deployHost.datacenter,
      apiServers.map((r) => r.host),
    ),
    finalApiServers: isAlone ? [] : apiServersOf(site, site.controlPlane),
    clusterYml: {
      before: factsOf(seen, site.deployHost)?.deploy?.clusterYml || clusterFile(inPeace(topology)),
      after: clusterFile(site),
    },
  };
  const planned = etcd && source && !majoritySurvives ? failoverSteps(topology, plan, etcd, source, seen) : [];
  const steps = schedule(planned, settings.epoch, (host) => factsOf(seen, host), seen.at);
  return { ...plan, stage: stageOf(steps, settings.epoch, seen), steps };
}

/** etcd serves if the step that starts it is recorded in this epoch, and its etcd runs as that step left it. */
function stageOf(steps: ScheduledStep[], epoch: number, seen: Observation): Stage {
  const [start] = steps.filter((s) => s.script === "etcd-member" || s.script === "etcd-restore");
  if (!start?.intact || factsOf(seen, start.host)?.steps[start.script]?.epoch !== epoch) {
    return "begins";
  }
  return steps.every((s) => !s.due) ? "over" : "ends";
}

/** Why a source can't be used, as far as other hosts decide that. */
function refusals({ host, kind }: Source, epoch: number, seen: Observation, left: Host[], leftOut: Host[]): string[] {
  const older = kind === "snapshot" ? undefined : olderData(host, epoch, seen, left);
  return [
    ...(leftOut.some((h) => h.name === host.name)
      ? ["its host can't be reached, or was given up: whether its data is newer isn't known"]
      : []),
    ...(older === undefined ? [] : [older]),
  ];
}

/** The survivors, the deploy host first: of members that are equally new, its own is recovered, so that the first write crosses no network. */
function inOrderOfUse(topology: Topology, lost: string): Host[] {
  const left = survivors(topology, lost);
  const first = deployHost(topology, takesOver(topology, lost)).name;
  return [...left.filter((h) => h.name === first), ...left.filter((h) => h.name !== first)];
}
