import * as pulumi from "@pulumi/pulumi";
import { buildFailover, fenceLostSide } from "./components/failover";
import { reportSteps } from "./components/report";
import { readSettings, type Settings } from "./config";
import { failoverEvidence, recordedEvidence } from "./evidence/evidence";
import { observe } from "./observe/observe";
import { describeFailover, describePrimary, describeVerdicts } from "./plan/describe";
import { planFailover } from "./plan/failover";
import { failoverGuards } from "./plan/guards";
import type { Verdict } from "./plan/guards/verdict";
import { lostHosts, survivors } from "./plan/order";
import { planPrimary, primaryGuards } from "./plan/primary";
import { describeSnapshots, snapshotProblems } from "./plan/snapshot-schedule";
import { sourceSearch } from "./plan/source-files";
import { allHosts, warnings } from "./plan/topology";
import { stop } from "./stop";

/** settings -> observe -> plan -> components -> exports */
async function deploy(settings: Settings) {
  const { topology, ssh } = settings;
  switch (settings.role) {
    case "primary": {
      const seen = await observe(allHosts(topology), [], ssh, settings.epoch);
      const plan = planPrimary(topology, settings.epoch, seen, settings);
      const verdicts = primaryGuards(topology, plan, seen, settings.adopted, settings.confirm);
      const notes = [...warnings(topology), ...snapshotProblems(topology, plan.hosts, seen)];
      await tell(describePrimary(plan, verdicts, notes, seen, describeSnapshots(topology, plan.hosts, seen)), verdicts);
      // loaded here: a failover needs neither the tls nor the kubernetes SDK, and not the time to load them
      const { buildPrimary } = require("./components/primary") as typeof import("./components/primary.js");
      return { epoch: plan.epoch, steps: reportSteps(buildPrimary(topology, plan, ssh, settings.adopted)) };
    }
    case "failover": {
      const { failover } = settings;
      const left = survivors(topology, failover.lost);
      const seen = await observe(
        left,
        lostHosts(topology, failover.lost),
        ssh,
        failover.epoch,
        sourceSearch(topology, failover),
      );
      const plan = planFailover(topology, failover, seen);
      const verdicts = failoverGuards(topology, plan, seen);
      const notes = [...warnings(topology), ...snapshotProblems(topology, left, seen)];
      const snapshots = describeSnapshots(topology, left, seen);
      await tell(describeFailover(plan, verdicts, notes, seen.at, snapshots), verdicts);
      if (plan.goesOn) {
        return {};
      }
      const fences = await fenceLostSide(topology, plan, seen, ssh);
      const evidence =
        recordedEvidence(plan, seen) ??
        failoverEvidence(topology, plan, verdicts, fences, Math.round(performance.timeOrigin));
      return buildFailover(topology, plan, evidence, ssh);
    }
    default:
      return settings satisfies never;
  }
}

/** Preview tells what `up` would do and what would stop it; `up` stops before the first resource. */
async function tell(words: string, verdicts: Verdict[]): Promise<void> {
  const failed = verdicts.filter((v) => !v.ok);
  if (pulumi.runtime.isDryRun()) {
    await pulumi.log.info(words);
  } else if (failed.length > 0) {
    throw stop(["nothing was changed", ...describeVerdicts(failed, [])].join("\n"));
  }
}

export = async () => {
  try {
    return { report: await deploy(readSettings()) };
  } catch (error) {
    throw pulumi.RunError.isInstance(error)
      ? error
      : stop(`this is a bug: ${error instanceof Error ? error.stack : error}`);
  }
};
