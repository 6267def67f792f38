import type { Method, Recover } from "../../etcd/recover";
import type { Source } from "../../etcd/source";
import type { ScheduledStep } from "../../steps/steps";
import type { Site } from "../../topology/site";
import type { Host } from "../../topology/topology";
import type { Replacement } from "../steps/replacement";

/** The failover stack's configuration, validated. */
export interface FailoverSettings extends Recover {
  lost: string;
  epoch: number;
  confirm: string | undefined;
  attest: string | undefined;
}

export interface FailoverPlan {
  settings: FailoverSettings;
  act: string;
  method: Method;
  /** The cluster as the act leaves it. */
  site: Site;
  /** The site's hosts: those that survive, each with the part in etcd that it will have. */
  survivors: Host[];
  lostHosts: Host[];
  deployHost: Host;
  /** What the recovery starts from; undefined where nothing that the operator means can be taken. */
  source: Source | undefined;
  /** Everything that could be started from, the chosen one first, those that can't be taken last. */
  sources: Source[];
  /** Whether an earlier run of this act has set the old etcd aside: from then on nothing is decided anew. */
  resumed: boolean;
  /** Whether a majority survives and serves: then nothing is planned. */
  majoritySurvives: boolean;
  etcd: Replacement | undefined;
  apiServers: Replacement[];
  clusterYml: { before: string; after: string };
  steps: ScheduledStep[];
}
