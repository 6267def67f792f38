import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { ActReport } from "../evidence/act-report";
import { claimsWith, type Evidence } from "../evidence/evidence";
import { answersOf } from "../observe/observe";
import {
  allAnswers,
  type FenceResult,
  fenceProblems,
  fencesDue,
  mergedFences,
  recordedFences,
  silentLimit,
} from "../plan/acts/failover/fence";
import type { FailoverPlan } from "../plan/acts/failover/plan";
import type { Observation } from "../plan/facts/observation";
import { stillAlive } from "../plan/guards/lost-side";
import { mayRunBeforeSilence } from "../plan/steps/phases";
import type { Topology } from "../plan/topology/topology";
import { runFences } from "../reach/fence";
import type { SshAccess } from "../reach/ssh-access";
import { stop } from "../stop";
import { reportFailover, reportFiles } from "./report";
import { runSteps } from "./steps";

/**
 * Fences what of the lost side is to be fenced: the last thing before the survivors are changed. Nothing in preview.
 * @returns what this act's fences have done, now and in earlier runs
 * @throws an error that ends the program, where one failed and nobody attests, or where a host still answers
 */
export async function fenceLostSide(
  topology: Topology,
  plan: FailoverPlan,
  seen: Observation,
  ssh: SshAccess,
): Promise<FenceResult[]> {
  const due = pulumi.runtime.isDryRun() ? [] : fencesDue(topology, plan, seen);
  const results = await runFences(due);
  const failed = fenceProblems(plan, results);
  // who was silent before is not asked again here: the path that restores service isn't made longer for it
  const alive =
    due.length > 0 && allAnswers(plan, seen).length > 0 ? await silence(plan, ssh, failed.length === 0) : [];
  const problems = [...failed, ...stillAlive(alive)];
  if (problems.length > 0) {
    throw stop(["nothing was changed on the survivors", ...problems.map((p) => `  STOP  fence: ${p}`)].join("\n"));
  }
  return mergedFences(recordedFences(plan, seen), results);
}

/** What still answers; a host that goes down takes a moment for it, which is waited for where the fences succeeded. */
async function silence(plan: FailoverPlan, ssh: SshAccess, wait: boolean): Promise<string[]> {
  const deadline = Date.now() + (wait ? silentLimit * 1000 : 0);
  let alive = await answersOf(plan.lostHosts, ssh);
  while (alive.length > 0 && Date.now() < deadline) {
    await new Promise((next) => setTimeout(next, 500));
    alive = await answersOf(plan.lostHosts, ssh);
  }
  return alive;
}

/**
 * Does the failover, and keeps its evidence: on the survivors before the first change, on the deploy host at the end.
 * @param silent that the lost side is; what comes before the old etcd is touched doesn't wait for it
 */
export function buildFailover(
  topology: Topology,
  plan: FailoverPlan,
  evidence: Evidence,
  ssh: SshAccess,
  silent: Promise<void>,
): pulumi.Output<ActReport> {
  const context = { epoch: plan.settings.epoch, act: plan.act, cluster: topology.cluster, ssh };
  const data = {
    ...claimsWith(plan, evidence),
    [`report-${plan.deployHost.name}`]: (before: Record<string, remote.Command>) =>
      reportFiles(evidence, plan.steps, before),
  };
  const steps = runSteps(plan.steps, context, data, [], (step) =>
    mayRunBeforeSilence(step.phase) ? undefined : silent,
  );
  return reportFailover(evidence, plan.steps, steps);
}
