import { withoutShadowed } from "../../etcd/environment";
import { factsOf, type Observation } from "../../facts/observation";
import { installerOf } from "../../installers/installers";
import { type Process, withArgument, withCommand } from "../../runtimes/process";
import { step } from "../../steps/steps";
import type { Topology } from "../../topology/topology";
import { original, type Replacement, runs } from "../steps/replacement";
import { apart, inSandbox, toItself } from "./etcd-sandbox";
import type { FailoverPlan } from "./plan";
import { type EtcdSteps, snapshotStep } from "./source-step";

/** etcd by --force-new-cluster, the last step starts it. */
export function forceSteps(
  topology: Topology,
  plan: Omit<FailoverPlan, "steps" | "stage">,
  etcd: Replacement,
  seen: Observation,
  after: string[],
): EtcdSteps {
  const { epoch } = plan.settings;
  const base = original(factsOf(seen, etcd.host), "etcd", epoch);
  const forced = withFlag(etcd.after);
  const { dataInside, etcdCertificate, ownEndpoint, runtimeOn, title } = installerOf(topology);
  const runtime = runtimeOn(etcd.host);
  const sandbox = runtime.spec(inSandbox(forced, epoch, dataInside), epoch, { base, once: true, isolated: true });
  const snapshot = snapshotStep(topology, plan, etcd.host, seen, sandbox, after);
  const member = step("etcd-member", etcd.host, "EtcdMember", {
    arguments: [etcdCertificate(etcd.host), ownEndpoint(etcd.host)],
    data: `${runtime.spec(runtime.runsOnceIsolated ? apart(forced) : forced, epoch, { base, once: true, isolated: runtime.runsOnceIsolated })}\n${etcd.body}`,
    after: [snapshot.name, ...after],
    beside: [snapshot.name],
    limit: snapshot.limit + 600,
    words: `set the old etcd and its data aside, put the forced copy in its place (without one: force the data itself), start etcd as ${title} would`,
    intact: runs(factsOf(seen, etcd.host), etcd),
  });
  return { brought: [], member: [snapshot, member], isolation: [] };
}

/** The process that forces the data itself, if no forced copy could be made beforehand. */
const withFlag = (process: Process): Process =>
  withoutShadowed(withCommand(process, (command) => [...toItself(withShortElection(command)), "--force-new-cluster"]));

/**
 * Arguments for the one run with the flag. The member is alone, so RKE's election timeout of 5 s would only cost time.
 *
 * `--snapshot-count=1` has two effects. First, a member that joins gets the database, never the log from before the flag. If the
 * flag discarded an entry after it was applied (until 3.5.22 and 3.6.1), the survivor keeps the entry's effect, but a member
 * that replays the log lacks it. on-host/lib/etcd/commit.sh prevents discarded entries; if it fails, this keeps the members equal
 * (docs/decisions/24). Second, at its next start etcd knows at once that it is the only member: it can be made to elect itself,
 * and it waits less if it can't (etcdserver/server.go adjustTicks).
 */
function withShortElection(cmd: string[]): string[] {
  const elects = withArgument(withArgument(cmd, "heartbeat-interval", "50"), "election-timeout", "500");
  return [...elects.filter((arg) => !arg.startsWith("--snapshot-count=")), "--snapshot-count=1"];
}
