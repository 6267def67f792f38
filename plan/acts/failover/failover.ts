import { goesOnByItself } from "../../etcd/quorum";
import { hasBegun } from "../../etcd/source-record";
import { chooseSource, methodFor } from "../../etcd/sources";
import { factsOf, type Observation } from "../../facts/observation";
import { clusterYmlText } from "../../installers/rke/cluster-yml";
import { controlPlane, lostHosts, survivors } from "../../topology/order";
import { deployHost, type Topology, takesOver } from "../../topology/topology";
import { failoverAct } from "../steps/act";
import { replaceApiServer, replaceEtcd } from "../steps/replacement";
import { schedule } from "../steps/steps";
import { aftermath } from "./aftermath";
import type { FailoverPlan, FailoverSettings } from "./plan";
import { failoverSteps } from "./steps";

/** Decides the whole act from the topology, the settings and what was seen. Changes nothing. */
export function planFailover(topology: Topology, settings: FailoverSettings, seen: Observation): FailoverPlan {
  const { source, sources } = chooseSource(settings, seen, survivors(topology, settings.lost));
  const after = aftermath(topology, settings.lost, source?.host);
  const left = survivors(after, settings.lost);
  const gone = lostHosts(topology, settings.lost);
  const deploy = deployHost(after, takesOver(topology, settings.lost));
  const method = methodFor(source, settings);
  const act = failoverAct(settings.lost, method, source?.name ?? "none");
  const etcd = source && replaceEtcd(after, settings.epoch, seen, left, source.host);
  const apiServers = controlPlane(left).map((host) => replaceApiServer(after, settings.epoch, seen, left, host));
  const goesOn = goesOnByItself(topology, settings.lost, sources);
  const plan = {
    settings,
    goesOn,
    act,
    method,
    survivors: left,
    lostHosts: gone,
    deployHost: deploy,
    source,
    sources,
    resumed: left.some((h) => hasBegun(seen, h, settings.epoch)),
    etcd,
    apiServers,
    clusterYml: {
      before: factsOf(seen, deploy)?.deploy?.clusterYml || clusterYmlText(topology),
      after: clusterYmlText(after, settings.lost),
    },
  };
  const steps = etcd && source && !goesOn ? failoverSteps(after, plan, etcd, source, seen) : [];
  return { ...plan, steps: schedule(steps, settings.epoch, (host) => factsOf(seen, host), seen.at) };
}
