import type { FailoverPlan } from "../acts/failover/plan";
import { faultsOfForce } from "../etcd/known-versions";
import { factsOf, type Observation } from "../facts/observation";
import { versionOf } from "../installers/rke/images";
import { allHosts, type Topology } from "../topology/topology";
import { problem } from "./verdict";

/** That this etcd can be forced, by its version. Of an etcd that doesn't answer the image's tag says it. */
export function versionProblems(topology: Topology, plan: FailoverPlan, seen: Observation): string[] {
  const { source, method } = plan;
  const version = versionOfSource(plan);
  if (method !== "forceNewCluster" || !source || version === undefined || plan.resumed) return [];
  const other = plan.sources.find((s) => s.problems.length === 0 && s.name !== source.name);
  return faultsOfForce(version, learnerInLog(topology, plan, seen)).map((row) =>
    problem(
      `${source.host.name}: etcd ${version} must be safe to force: --force-new-cluster ${row.fault} (${row.source})`,
      "Restore its data instead: `pulumi config set --path recover.method restore --stack failover`",
      ...(other
        ? [`Or take another source: \`pulumi config set --path recover.from ${other.name} --stack failover\``]
        : []),
    ),
  );
}

export function versionWords(plan: FailoverPlan): string {
  const version = versionOfSource(plan);
  if (plan.method !== "forceNewCluster") return "etcd isn't forced";
  return version === undefined ? "etcd's version isn't known" : `etcd ${version} can be forced`;
}

const versionOfSource = ({ source, etcd }: FailoverPlan): string | undefined =>
  source?.etcd?.version ?? (etcd && versionOf(etcd.after.image));

/**
 * As far as can be known: the topology or etcd itself names one, or members have joined as learners, by a failback (the earliest is that of
 * epoch 3, so a failover of epoch 4 or later has one behind it) or in peace, which only the host of such a member knows.
 */
function learnerInLog(topology: Topology, { source, settings }: FailoverPlan, seen: Observation): boolean {
  const listed = (source && factsOf(seen, source.host)?.members) ?? [];
  const joined = Object.values(seen.hosts).some((h) => h.reachable && h.steps["etcd-join"] !== undefined);
  return (
    settings.epoch > 3 ||
    joined ||
    allHosts(topology).some((h) => h.etcd === "learner") ||
    listed.some((m) => m.learner)
  );
}
