import { clusterYmlText } from "./cluster-yml";
import type { EtcdStatus } from "./facts";
import { failoverSteps } from "./failover-steps";
import { factsOf, type Observation } from "./observation";
import { controlPlane, lostHosts, survivors, voters } from "./order";
import { type Replacement, replaceApiServer, replaceEtcd } from "./replacement";
import { type ScheduledStep, schedule } from "./steps";
import { deployHost, type Host, sites, type Topology } from "./topology";

/** The failover stack's configuration, validated. */
export interface FailoverSettings {
  lost: string;
  epoch: number;
  /** `auto`, `voter`, or the name of a surviving host. */
  from: string;
  confirm: string | undefined;
  attest: string | undefined;
}

export interface Source {
  host: Host;
  etcd: EtcdStatus | undefined;
  /** Unix milliseconds of the newest Lease in the source's data: "data as of T". */
  dataAsOf: number | undefined;
  revision: number | undefined;
}

export interface FailoverPlan {
  settings: FailoverSettings;
  act: string;
  method: "forceNewCluster";
  survivors: Host[];
  lostHosts: Host[];
  deployHost: Host;
  /** Every surviving voter, the chosen one first; empty where there is none. */
  sources: Source[];
  /** Whether an earlier run of this act has set the old etcd aside: from then on nothing is decided anew. */
  resumed: boolean;
  etcd: Replacement | undefined;
  apiServers: Replacement[];
  clusterYml: { before: string; after: string };
  steps: ScheduledStep[];
}

/** Decides the whole act from the topology, the settings and what was seen. Changes nothing. */
export function planFailover(topology: Topology, settings: FailoverSettings, seen: Observation): FailoverPlan {
  const left = survivors(topology, settings.lost);
  const gone = lostHosts(topology, settings.lost);
  const taker =
    topology.standby === settings.lost
      ? (sites(topology).find((dc) => dc.name !== settings.lost)?.name ?? "")
      : topology.standby;
  const deploy = deployHost(topology, taker);
  const sources = rankSources(settings, seen, left);
  const source = sources[0];
  const act = `failover:${settings.lost}:forceNewCluster:${source?.host.name ?? "none"}`;
  const etcd = source && replaceEtcd(topology, settings.epoch, seen, left, source.host);
  const apiServers = controlPlane(left).map((host) => replaceApiServer(topology, settings.epoch, seen, left, host));
  const plan = {
    settings,
    act,
    method: "forceNewCluster" as const,
    survivors: left,
    lostHosts: gone,
    deployHost: deploy,
    sources,
    resumed: left.some((h) => hasBegun(seen, h, settings.epoch)),
    etcd,
    apiServers,
    clusterYml: {
      before: factsOf(seen, deploy)?.deploy?.clusterYml || clusterYmlText(topology),
      after: clusterYmlText(topology, settings.lost),
    },
  };
  const steps = etcd && source ? failoverSteps(topology, plan, etcd, source, seen) : [];
  return { ...plan, steps: schedule(steps, settings.epoch, (host) => factsOf(seen, host), seen.at) };
}

function hasBegun(seen: Observation, host: Host, epoch: number): boolean {
  const facts = factsOf(seen, host);
  return facts?.containers[`etcd-before-epoch-${epoch}`] !== undefined || facts?.steps["etcd-member"]?.epoch === epoch;
}

/** A number that was recorded, perhaps as unknown. */
const known = (text: string | undefined): number | undefined => (text ? Number(text) : undefined);

/**
 * The surviving voters, best first: the one that an earlier run of this act recorded, then the one with the highest
 * revision. Learners and snapshots can't be forced.
 */
function rankSources(settings: FailoverSettings, seen: Observation, left: Host[]): Source[] {
  const recorded = left.filter((h) => hasBegun(seen, h, settings.epoch)).map((h) => factsOf(seen, h)?.plan ?? {})[0];
  return voters(left)
    .filter((h) => settings.from === "auto" || settings.from === "voter" || settings.from === h.name)
    .map((host) => {
      const facts = factsOf(seen, host);
      const chosen = recorded?.source === host.name ? recorded : undefined;
      return {
        host,
        etcd: facts?.etcd,
        dataAsOf: chosen ? known(chosen.dataAsOf) : facts?.newestLease,
        revision: chosen ? known(chosen.revision) : facts?.etcd?.revision,
        rank: chosen ? Number.POSITIVE_INFINITY : (facts?.etcd?.revision ?? -1),
      };
    })
    .sort((a, b) => b.rank - a.rank)
    .map(({ rank: _rank, ...source }) => source);
}
