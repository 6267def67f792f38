import type { FailoverPlan } from "../acts/failover/plan";
import { faultsOfForce } from "../etcd/known-versions";
import { factsOf, type Observation } from "../facts/observation";
import { versionOf } from "../installers/rke/images";
import { allHosts, type Topology } from "../topology/topology";

/** That this etcd can be forced, by its version. Of an etcd that doesn't answer the image's tag says it. */
export function versionProblems(topology: Topology, plan: FailoverPlan, seen: Observation): string[] {
  const { source, method } = plan;
  const version = versionOfSource(plan);
  if (method !== "forceNewCluster" || !source || version === undefined || plan.resumed) return [];
  return faultsOfForce(version, learnerInLog(topology, plan, seen)).map((row) =>
    [
      `${source.host.name}: etcd ${version} can't be forced safely: --force-new-cluster ${row.fault} (${row.source})`,
      "restore its data instead: `pulumi config set --path recover.method restore --stack failover`",
      "or name another source (recover.from)",
    ].join("; "),
  );
}

export function versionWords(plan: FailoverPlan): string {
  const version = versionOfSource(plan);
  if (plan.method !== "forceNewCluster") return "etcd isn't forced";
  return version === undefined ? "etcd's version isn't known" : `etcd ${version} can be forced`;
}

const versionOfSource = ({ source, etcd }: FailoverPlan): string | undefined =>
  source?.etcd?.version ?? (etcd && versionOf(etcd.after.image));

/** As far as can be known: the topology or etcd itself names one, or a failback (from epoch 3 on) made members join as learners. */
function learnerInLog(topology: Topology, { source, settings }: FailoverPlan, seen: Observation): boolean {
  const listed = (source && factsOf(seen, source.host)?.members) ?? [];
  return settings.epoch > 3 || allHosts(topology).some((h) => h.etcd === "learner") || listed.some((m) => m.learner);
}
