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
  /** `a@2`, or `a@2:HASH` to pin the act (signing.ts). */
  confirm: string | undefined;
  /** One word, or the words of several persons by their names (attestation.ts). */
  attest: string | Record<string, string> | undefined;
  /** The topology's `attest.by`: how many persons must attest; 1 if it isn't set. */
  attestBy?: number;
  /** The operator's word that controlPlaneEndpoint is moved by hand; for clusters that have one. */
  endpoint?: string | undefined;
}

/**
 * How far the act has come: `begins` until the recovered etcd serves; `ends` from then on, when only what follows is left; `over` if no step is
 * left to do. What guards the lost side's death is asked at the beginning alone: afterwards the lost side may have power, for failback.
 */
export type Stage = "begins" | "ends" | "over";

export interface FailoverPlan {
  settings: FailoverSettings;
  act: string;
  method: Method;
  /** The cluster as the act leaves it. */
  site: Site;
  /** The site's hosts: those that survive, each with the part in etcd that it will have. */
  survivors: Host[];
  /** The hosts that are given up: those of the lost datacenter, and those of `leftOut`. */
  lostHosts: Host[];
  /** Surviving members of etcd that can't be reached; the act goes on without them. */
  leftOut: Host[];
  /** The other surviving members of etcd: stopped while the source is recovered, then added anew. */
  others: Host[];
  deployHost: Host;
  /** The data that the recovery starts from; undefined if no source fits the operator's settings. */
  source: Source | undefined;
  /** All sources that were found: the chosen one first, unusable ones last. */
  sources: Source[];
  /** True if an earlier run of this act has set the old etcd aside: from then on its decisions stay. */
  resumed: boolean;
  /** True if a majority survives and serves: then nothing is planned. */
  majoritySurvives: boolean;
  etcd: Replacement | undefined;
  /** As they run from the first write on: with the recovered member as their only etcd server. */
  apiServers: Replacement[];
  /** The host whose kube-apiserver takes the first write, and to which the API's name is made to lead: the deploy host, if it serves from then on. */
  server: Host;
  /** As they run at the end, if other members have joined by then; empty if there are none. */
  finalApiServers: Replacement[];
  clusterYml: { before: string; after: string };
  stage: Stage;
  steps: ScheduledStep[];
}
