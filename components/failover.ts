import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { ActReport } from "../evidence/act-report";
import { claimsWith, type Evidence } from "../evidence/evidence";
import { reportedHosts } from "../evidence/view";
import { answersOf } from "../observe/probes";
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
import { endpointMove } from "../plan/acts/steps/endpoint";
import type { Observation } from "../plan/facts/observation";
import { stillAlive } from "../plan/guards/lost-side";
import { dialectOf } from "../plan/installers/dialect";
import { mayRunBeforeSilence } from "../plan/steps/phases";
import type { ScheduledStep } from "../plan/steps/steps";
import type { Host, Topology } from "../plan/topology/topology";
import { runFences } from "../reach/fence";
import type { SshAccess } from "../reach/ssh-access";
import { stop } from "../stop";
import { moveEndpoint } from "./endpoint";
import { reportFailover, reportFiles } from "./report";
import { runSteps } from "./steps";
import type { Watch } from "./watch";

/**
 * Runs the fence commands that are due, last before the survivors are changed; none in preview.
 * @returns results of this act's fences, of this run and earlier ones
 * @throws an error that ends the program if a fence failed without an attestation, or if a host still answers
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
  // hosts that were silent before aren't probed again: that would only delay the recovery
  const alive =
    due.length > 0 && allAnswers(plan, seen).length > 0 ? await silence(plan, ssh, failed.length === 0) : [];
  const problems = [...failed, ...stillAlive(alive)];
  if (problems.length > 0) {
    throw stop(["nothing was changed on the survivors", ...problems.map((p) => `  STOP  fence: ${p}`)].join("\n"));
  }
  return mergedFences(recordedFences(plan, seen), results);
}

/** Ports that still answer. A host takes a moment to go down, so this waits if the fences succeeded. */
async function silence(plan: FailoverPlan, ssh: SshAccess, wait: boolean): Promise<string[]> {
  const deadline = Date.now() + (wait ? silentLimit * 1000 : 0);
  let alive = await answersOf(plan.lostHosts, ssh);
  while (alive.length > 0 && Date.now() < deadline) {
    await new Promise((next) => setTimeout(next, 500));
    alive = await answersOf(plan.lostHosts, ssh);
  }
  return alive;
}

/** The API's name leads to the host that serves first from then on, if the topology has a command for that; it runs beside the recovery, and never in preview. */
function endpointMoved(topology: Topology, plan: FailoverPlan, silent: Promise<void>): Promise<void> {
  const move = endpointMove(topology, plan.site, plan.server);
  const isDue = !pulumi.runtime.isDryRun() && plan.steps.some((step) => step.due && asksByName(step));
  return move === undefined || !isDue ? silent : silent.then(() => moveEndpoint(move));
}

/** Steps that ask the API by its name, on this host or on workers. */
const asksByName = ({ script, onEach = [] }: ScheduledStep): boolean =>
  [script, ...onEach.map((s) => s.script)].includes("endpoint");

/**
 * Does the failover, and keeps its evidence: on the survivors before the first change, on the deploy host at the end.
 * @param silent resolves when the lost side is known to be silent; steps before the old etcd is touched don't wait for it
 * @param watch is told of the steps once they are declared
 */
export function buildFailover(
  topology: Topology,
  plan: FailoverPlan,
  evidence: Evidence,
  ssh: SshAccess,
  silent: Promise<void>,
  watch: Watch = () => undefined,
): pulumi.Output<ActReport> {
  const context = {
    epoch: plan.settings.epoch,
    act: plan.act,
    cluster: topology.cluster,
    ssh,
    dialect: (host: Host) => dialectOf(topology, host),
  };
  const hosts = reportedHosts(topology);
  const data = {
    ...claimsWith(plan, evidence),
    [`report-${plan.deployHost.name}`]: (before: Record<string, remote.Command>) =>
      reportFiles(evidence, plan.steps, before, hosts),
  };
  const moved = endpointMoved(topology, plan, silent);
  const steps = runSteps(plan.steps, context, data, [], (step) =>
    mayRunBeforeSilence(step.phase) ? undefined : asksByName(step) ? moved : silent,
  );
  watch(plan.steps, steps);
  return reportFailover(evidence, plan.steps, steps, hosts);
}
