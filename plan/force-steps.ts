import { createBody } from "./docker";
import { etcdCertificate, ownEndpoint } from "./etcd";
import type { FailoverPlan } from "./failover";
import { factsOf, type Observation } from "./observation";
import { type Process, withArgument } from "./process";
import { original, type Replacement, runs } from "./replacement";
import { type EtcdSteps, snapshotStep } from "./source-step";
import { step } from "./steps";
import type { Topology } from "./topology";

/** etcd by --force-new-cluster, the last step starts it. */
export function forceSteps(
  topology: Topology,
  plan: Omit<FailoverPlan, "steps">,
  etcd: Replacement,
  seen: Observation,
  after: string[],
): EtcdSteps {
  const { settings } = plan;
  const base = original(factsOf(seen, etcd.host), "etcd", settings.epoch);
  const forced: Process = { ...etcd.after, cmd: [...toItself(inHaste(etcd.after.cmd)), "--force-new-cluster"] };
  const snapshot = snapshotStep(topology, plan, etcd.host, after);
  const member = step("etcd-election etcd-space etcd-member", etcd.host, "EtcdMember", {
    arguments: [etcdCertificate(etcd.host), `${ownEndpoint(etcd.host)}/health`],
    data: `${createBody(forced, settings.epoch, base, "no")}\n${etcd.body}`,
    after: [snapshot.name],
    limit: 600,
    words: "set the old etcd aside, force its data into a cluster of one, start it as RKE would",
    intact: runs(factsOf(seen, etcd.host), etcd),
  });
  return { member: [snapshot, member], isolation: [] };
}

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
