import { factsOf, type Observation } from "../../facts/observation";
import { installerOf } from "../../installers/installers";
import { type Process, withArgument } from "../../runtimes/process";
import { step } from "../../steps/steps";
import type { Topology } from "../../topology/topology";
import { original, type Replacement, runs } from "../steps/replacement";
import type { FailoverPlan } from "./plan";
import { type EtcdSteps, snapshotStep } from "./source-step";

/** etcd by --force-new-cluster, the last step starts it. */
export function forceSteps(
  topology: Topology,
  plan: Omit<FailoverPlan, "steps">,
  etcd: Replacement,
  seen: Observation,
  after: string[],
): EtcdSteps {
  const { epoch } = plan.settings;
  const base = original(factsOf(seen, etcd.host), "etcd", epoch);
  const forced = withFlag(etcd.after);
  const { etcdCertificate, ownEndpoint, runtimeOf } = installerOf(topology);
  const runtime = runtimeOf("etcd");
  const sandbox = runtime.spec(inSandbox(forced, epoch), epoch, { base, once: true, isolated: true });
  const snapshot = snapshotStep(topology, plan, etcd.host, sandbox, after);
  const member = step("etcd-member", etcd.host, "EtcdMember", {
    arguments: [etcdCertificate(etcd.host), ownEndpoint(etcd.host)],
    data: `${runtime.spec(forced, epoch, { base, once: true })}\n${etcd.body}`,
    after: [snapshot.name, ...after],
    beside: [snapshot.name],
    limit: snapshot.limit + 600,
    words:
      "set the old etcd and its data aside, put the forced copy in its place (without one: force the data itself), start etcd as RKE would",
    intact: runs(factsOf(seen, etcd.host), etcd),
  });
  return { member: [snapshot, member], isolation: [] };
}

/** Where no forced copy could be made beforehand this one runs on the data itself. */
const withFlag = (process: Process): Process => ({
  ...process,
  cmd: [...toItself(inHaste(process.cmd)), "--force-new-cluster"],
});

/**
 * For the one run with the flag. The member is alone: RKE's 5 s of election timeout would only be waited for. And it is to
 * leave a raft snapshot behind that says that it is alone: the next start is a member of one from its first moment, which
 * can be told to elect itself, and which waits less where it can't (etcdserver/server.go adjustTicks).
 */
function inHaste(cmd: string[]): string[] {
  const elects = withArgument(withArgument(cmd, "heartbeat-interval", "50"), "election-timeout", "500");
  return [...elects.filter((arg) => !arg.startsWith("--snapshot-count=")), "--snapshot-count=1"];
}

/** Nobody is served by a member that has the flag: an API server that connected would lose it again at once. */
const toItself = (cmd: string[]): string[] => withArgument(cmd, "listen-client-urls", "https://127.0.0.1:2379");

/**
 * The member with the flag on a copy of its data, while the old one still runs: without a network, so that it can be heard by
 * nobody and answers no peer in that one's name. It sees the copy where it expects its data, and nothing else of the folder.
 */
function inSandbox(forced: Process, epoch: number): Process {
  const listens = withArgument(forced.cmd, "listen-peer-urls", "https://127.0.0.1:2380");
  return {
    ...forced,
    cmd: listens.filter((arg) => !arg.startsWith("--listen-metrics-urls=")),
    binds: forced.binds.map((bind) =>
      bind.replace(/^[^:]+(?=:\/var\/lib\/rancher\/etcd\/?(:|$))/, `/var/lib/etcd/rke-dr-forced-epoch-${epoch}`),
    ),
  };
}
