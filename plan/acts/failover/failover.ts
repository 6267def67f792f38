import { isMajorityServing } from "../../etcd/quorum";
import { hasBegun } from "../../etcd/source-record";
import { chooseSource, methodFor } from "../../etcd/sources";
import { factsOf, type Observation } from "../../facts/observation";
import { installerOf } from "../../installers/installers";
import { failoverAct } from "../../steps/act";
import { type ScheduledStep, schedule } from "../../steps/steps";
import { survivors } from "../../topology/order";
import { afterLoss, inPeace } from "../../topology/site";
import type { Topology } from "../../topology/topology";
import { replaceApiServer, replaceEtcd } from "../steps/replacement";
import type { FailoverPlan, FailoverSettings, Stage } from "./plan";
import { failoverSteps } from "./steps";

/** Decides the whole act from the topology, the settings and what was seen. Changes nothing. */
export function planFailover(topology: Topology, settings: FailoverSettings, seen: Observation): FailoverPlan {
  const { source, sources } = chooseSource(settings, seen, survivors(topology, settings.lost));
  const site = afterLoss(topology, settings.lost, source?.host);
  const { clusterFile } = installerOf(topology);
  const method = methodFor(source, settings);
  const act = failoverAct(settings.lost, method, source?.name ?? "none");
  const etcd = source && replaceEtcd(site, settings.epoch, seen, source.host);
  const apiServers = site.controlPlane.map((host) => replaceApiServer(site, settings.epoch, seen, host));
  const majoritySurvives = isMajorityServing(topology, settings.lost, sources);
  const plan = {
    settings,
    majoritySurvives,
    act,
    method,
    site,
    survivors: site.hosts,
    lostHosts: site.lost,
    deployHost: site.deployHost,
    source,
    sources,
    resumed: site.hosts.some((h) => hasBegun(seen, h, settings.epoch)),
    etcd,
    apiServers,
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
  if (!start || !start.intact || factsOf(seen, start.host)?.steps[start.script]?.epoch !== epoch) {
    return "begins";
  }
  return steps.every((s) => !s.due) ? "over" : "ends";
}
