import { actReport } from "../../evidence/act-report";
import type { ClusterLine, ClustersReport } from "../../evidence/clusters-report";
import { recordedAct } from "./act";

export const act = recordedAct({ rtoSeconds: 5 });
export const finished = actReport(act.evidence, act.results);
const [first, ...rest] = act.results;
const failed = actReport(act.evidence, rest.slice(0, 2), [
  {
    ...(first ?? { step: "", host: "" }),
    epoch: 2,
    generation: 1,
    startedAt: act.commandAt,
    milliseconds: 10,
    did: [],
    exit: 1,
    error: "<b>disk full</b>",
  },
]);

/** A report of a failover in which everything that can become of a cluster has happened. */
export const manyOutcomes: ClustersReport = {
  kind: "failover",
  lost: "a",
  startedAt: new Date(act.commandAt - 2000).toISOString(),
  endedAt: new Date(act.commandAt + 40_000).toISOString(),
  clusters: [
    { cluster: "web", outcome: "finished", words: [], report: finished },
    { cluster: "shop", outcome: "failed", words: ["etcd-member-b1: exit 1"], report: failed },
    { cluster: "mail", outcome: "refused", words: ['attestation: rke-dr:attest: must be "powered-off@a@2": not set'] },
    { cluster: "wiki", outcome: "cancelled", words: ["the same command goes on with it"] },
    { cluster: "blog", outcome: "not begun", words: ["words.yaml has no words for it"] },
    { cluster: "calm", outcome: "not needed", words: ["2 of 3 voters survive, a majority is 2"] },
    { cluster: "far", outcome: "not hit", words: ["it has no host in a"] },
  ],
};

/** A preview of twenty clusters, one of which guards stop. */
export const previewOfTwenty: ClustersReport = {
  kind: "preview",
  lost: "a",
  startedAt: new Date(act.commandAt).toISOString(),
  clusters: Array.from({ length: 20 }, (_, i): ClusterLine => {
    const cluster = `a-cluster-with-a-long-name-${String(i).padStart(2, "0")}`;
    const mayBeLost = "writes after 2026-11-21T16:52:01.000Z, 4 s before this look";
    return i === 7
      ? {
          cluster,
          outcome: "stopped",
          words: [`images: b1: image ${"rancher/".repeat(12)}coreos-etcd:v3.4.14 must be on the host: missing`],
          mayBeLost,
        }
      : { cluster, outcome: "waits", words: ['confirmation: rke-dr:confirm: must be "a@2": not set'], mayBeLost };
  }),
};
