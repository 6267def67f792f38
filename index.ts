import * as pulumi from "@pulumi/pulumi";
import { Declared } from "./components/declared";
import { buildFailover, fenceLostSide } from "./components/failover";
import { reportSteps } from "./components/report";
import { unfinishedOf, type Watch, watchHosts } from "./components/watch";
import { readSettings, type Settings, type SshAccess } from "./config";
import { failoverEvidence, recordedEvidence, recordedSigning } from "./evidence/evidence";
import { leadsHere } from "./observe/name";
import { observe } from "./observe/observe";
import { hostsThatAnswer } from "./observe/probes";
import { failbackConfirmation } from "./plan/acts/failback/only-there";
import { planFailover } from "./plan/acts/failover/failover";
import type { FailoverSettings } from "./plan/acts/failover/plan";
import { planPrimary } from "./plan/acts/primary/primary";
import { warnings } from "./plan/declaration/declaration";
import { searchInPeace, sourceSearch } from "./plan/etcd/source-search";
import type { Observation } from "./plan/facts/observation";
import { failoverGuards } from "./plan/guards/failover";
import { keptPatches } from "./plan/guards/kubeadm-cluster";
import { expiringSoon } from "./plan/guards/kubeadm-node";
import { failoverNotes, heldNotes, powerCutOfAll, versionNotes } from "./plan/guards/notes";
import { primaryGuards } from "./plan/guards/primary";
import { releaseNotes } from "./plan/guards/release-fit";
import type { Verdict } from "./plan/guards/verdict";
import { installerOf } from "./plan/installers/installers";
import { backupProblems, describeBackups } from "./plan/preview/backups";
import { describeFailover, describeOver, describePrimary, describeVerdicts } from "./plan/preview/describe";
import { coloured, usualColumns, wrapped } from "./plan/preview/layout";
import { describeSigning } from "./plan/preview/signing";
import { describeSnapshots, snapshotProblems } from "./plan/preview/snapshots";
import { withStackNames } from "./plan/preview/stack-names";
import { reportedByHosts } from "./plan/review/declared";
import { lostHosts, survivors } from "./plan/topology/order";
import { allHosts, type Topology } from "./plan/topology/topology";
import { signingOf } from "./signed";
import { stop } from "./stop";

/** settings -> observe -> plan -> components -> exports */
async function deploy(settings: Settings) {
  const { topology, ssh } = settings;
  switch (settings.role) {
    case "primary": {
      const seen = await observe(
        allHosts(topology),
        [],
        ssh,
        settings.epoch,
        topology.installer,
        searchInPeace(topology),
      ).whole;
      const plan = planPrimary(topology, settings.epoch, seen, settings);
      const verdicts = primaryGuards(topology, plan, seen, settings.adopted, settings.confirm);
      const notes = [
        ...warnings(topology),
        ...versionNotes(topology, plan.hosts, seen),
        ...heldNotes(plan.hosts, seen),
        // of a cluster that is taken over, a guard says it
        ...(settings.adopted ? [] : releaseNotes(topology, seen)),
        ...(topology.installer !== "rke"
          ? [...keptPatches(topology, seen), ...expiringSoon(topology, plan.hosts, seen)]
          : []),
        ...snapshotProblems(topology, plan.hosts, seen),
        ...backupProblems(topology, plan.hosts, seen),
      ];
      if (pulumi.runtime.isDryRun()) {
        const snapshots = describeSnapshots(topology, plan.hosts, seen);
        await show(
          describePrimary(plan, verdicts, notes, seen, snapshots, describeBackups(topology, plan.hosts, seen)),
        );
      } else {
        stopAt(verdicts, "nothing was changed");
      }
      // loaded here: a failover needs neither the tls nor the kubernetes SDK, and not the time to load them
      const { buildPrimary } = require("./components/primary") as typeof import("./components/primary.js");
      // every step waits for it: a policy that refuses it stops `up` before any host is changed
      const declared = new Declared({ role: "primary", topology: settings.declared }, reportedByHosts(topology, seen));
      const built = buildPrimary(topology, plan, ssh, settings.adopted, settings.secrets, watchOf(ssh), [declared]);
      const { failback } = plan;
      return {
        report: { epoch: plan.epoch, steps: reportSteps(plan.steps, built) },
        // the word that `up` wants, for programs that read preview's outputs
        ...(failback && !failback.finished ? { confirm: failbackConfirmation(failback, seen) } : {}),
      };
    }
    case "failover":
      return { report: await deployFailover(topology, settings.declared, ssh, settings.failover) };
    default:
      return settings satisfies never;
  }
}

/**
 * The recovery doesn't wait for the lost side's silence. A lost host that lives answers within milliseconds and stops `up` before anything
 * is changed; a host that answers late stops it before the old etcd is touched.
 */
async function deployFailover(topology: Topology, declared: unknown, ssh: SshAccess, settings: FailoverSettings) {
  const left = survivors(topology, settings.lost);
  const lost = lostHosts(topology, settings.lost);
  const look = observe(left, lost, ssh, settings.epoch, topology.installer, sourceSearch(topology, settings));
  const isPreview = pulumi.runtime.isDryRun();
  // fences need to know which hosts answer, so with fences the look must be complete
  const waits = !isPreview && Object.keys(topology.fence).length > 0;
  const installer = installerOf(topology);
  const endpoint = installer.sharedEndpoint(topology);
  const [looked, here] = await Promise.all([waits ? look.whole : look.soon, endpoint && leadsHere(endpoint.name)]);
  const withName = (of: Observation): Observation => (here ? { ...of, endpoint: here } : of);
  const seen = withName(looked);
  const plan = planFailover(topology, settings, seen);
  const { source } = plan;
  const recorded = recordedEvidence(plan, seen);
  const signing = signingOf(topology, plan, recordedSigning(plan, seen), pulumi.getRootDirectory() || undefined);
  const verdicts = failoverGuards(topology, plan, seen, signing);
  if (!isPreview) {
    stopAt(verdicts, "nothing was changed");
    if (plan.stage === "over") {
      await show([`The failover of epoch ${plan.settings.epoch} is over.`, ...describeOver(plan)].join("\n"));
    }
  }
  const judge = async (whole: Observation) => {
    const late = failoverGuards(topology, plan, whole, signing);
    if (isPreview) {
      const notes = [
        ...warnings(topology),
        ...failoverNotes(topology, plan, seen),
        ...releaseNotes(topology, seen),
        ...snapshotProblems(topology, left, seen),
        ...backupProblems(topology, left, seen),
      ];
      const [snapshots, backups] = [describeSnapshots, describeBackups].map((of) => of(topology, left, seen));
      const words = describeFailover(plan, late, notes, seen.at, snapshots, powerCutOfAll(plan, seen), backups);
      await show([words, ...describeSigning(plan, signing)].join("\n"));
    } else {
      stopAt(
        late,
        "nothing that serves was changed: at most the survivors' epoch and a copy of etcd's data beside it were written. If the copy" +
          " could be had in no other way (the log of step source says so), etcd was stopped for it" +
          (source
            ? `: \`${installer.runtimeOn(source.host).commands.start("etcd")}\` on ${source.host.name} if you go no further`
            : ""),
      );
    }
  };
  const judged = waits ? Promise.resolve() : look.whole.then(withName).then(judge).catch(ended);
  // it may fail before anybody waits for it
  judged.catch(() => undefined);
  if (plan.majoritySurvives) {
    await judged;
    return {};
  }
  const fences = await fenceLostSide(topology, plan, seen, ssh);
  const evidence =
    recorded ?? failoverEvidence(topology, plan, verdicts, fences, Math.round(performance.timeOrigin), signing);
  new Declared({ role: "failover", topology: declared }, reportedByHosts(topology, seen));
  const report = buildFailover(topology, plan, evidence, ssh, isPreview ? Promise.resolve() : judged, watchOf(ssh));
  await judged;
  return report;
}

/** Says which host an act has lost while its steps run. */
const watchOf =
  (ssh: SshAccess): Watch =>
  (steps, made) => {
    if (!pulumi.runtime.isDryRun()) {
      watchHosts(
        unfinishedOf(steps, made),
        (hosts) => hostsThatAnswer(hosts, ssh),
        (words) => void pulumi.log.warn(words),
      );
    }
  };

/** Shows what `up` would do and what would stop it, in preview. RKE_DR_COLUMNS: 0 for programs that read it, else the width of its lines. */
const show = (words: string): Promise<void> =>
  pulumi.log.info(coloured(wrapped(forStack(words), Number(process.env.RKE_DR_COLUMNS ?? usualColumns) || 0)));

const forStack = (words: string): string => withStackNames(words, pulumi.getStack());

/** @throws an error that ends the program if a guard failed */
function stopAt(verdicts: Verdict[], changed: string): void {
  const failed = verdicts.filter((v) => !v.ok);
  if (failed.length > 0) {
    throw stop(forStack([changed, ...describeVerdicts(failed, [])].join("\n")));
  }
}

/** Turns any error into one that ends the program with one message. */
function ended(error: unknown): never {
  throw pulumi.RunError.isInstance(error)
    ? error
    : stop(`this is a bug: ${error instanceof Error ? error.stack : error}`);
}

export = async () => {
  try {
    return await deploy(readSettings());
  } catch (error) {
    return ended(error);
  }
};
