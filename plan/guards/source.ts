import type { FailoverPlan } from "../failover";
import { factsOf, type Observation } from "../observation";
import { voters } from "../order";
import { allHosts, type Topology } from "../topology";
import { list, type Verdict, verdict } from "./verdict";

/** A cluster that has quorum needs no recovery, and forcing one would throw the other members out. */
export function quorum(topology: Topology, plan: FailoverPlan, _seen: Observation): Verdict {
  const all = voters(allHosts(topology));
  const left = voters(plan.survivors);
  const needed = Math.floor(all.length / 2) + 1;
  const words = `${left.length} of ${all.length} voters survive, a majority is ${needed}`;
  const alive = plan.sources.find((s) => s.etcd?.quorum);
  const problems: string[] = [];
  if (left.length >= needed) {
    problems.push(`${words}: etcd keeps its quorum without ${plan.settings.lost}, there is nothing to recover`);
  } else if (alive && !plan.resumed) {
    problems.push(`${alive.host.name}'s etcd answers a linearizable read: the cluster still has quorum`);
  }
  return verdict("quorum is lost", problems, plan.resumed ? `${words}; this act has begun already` : words);
}

export function sourceProblems(plan: FailoverPlan, seen: Observation): string[] {
  const [source, second] = plan.sources;
  if (!source) {
    return [
      plan.settings.from === "auto" || plan.settings.from === "voter"
        ? `no voter survives the loss of ${plan.settings.lost}; recovery from a learner or a snapshot is not built yet`
        : `rke-dr:recover.from names no surviving voter: "${plan.settings.from}" (voters: ${list(voters(plan.survivors))})`,
    ];
  }
  if (second) {
    return [
      `${plan.sources.length} voters survive (${plan.sources.map((s) => s.host.name).join(", ")}): a failover with more than one is not built yet`,
    ];
  }
  const facts = factsOf(seen, source.host);
  if (facts && !plan.resumed && !facts.etcd && facts.etcdBytes === 0) {
    return [`${source.host.name} has no etcd data in /var/lib/etcd/member`];
  }
  const unreadable = facts && !plan.resumed ? facts.preflight.database : undefined;
  if (typeof unreadable === "object") {
    return [
      `${source.host.name}: etcd's database must be readable, \`etcdctl snapshot status\` says: ${unreadable.unreadable}`,
    ];
  }
  if (source.etcd?.complaints?.some((words) => words.includes("CORRUPT"))) {
    return [`${source.host.name}: etcd's data must be sound, etcd raises the alarm CORRUPT`];
  }
  if (source.etcd?.learner) {
    return [`${source.host.name}'s etcd is a learner: --force-new-cluster on a learner panics`];
  }
  return [];
}

export function sourceWords(plan: FailoverPlan): string {
  const source = plan.sources[0];
  const state = source?.etcd ? `revision ${source.etcd.revision}` : "its etcd doesn't answer, its data folder is taken";
  // no reason to stop: only a cluster with quorum can free space
  const full = source?.etcd?.complaints?.some((words) => words.includes("NOSPACE"))
    ? "; its alarm NOSPACE refuses writes until space is freed and the alarm disarmed"
    : "";
  return `${source?.host.name}, a voter: ${state}${full}`;
}

/** A snapshot as large as the data, and a copy of the rest: twice the data folder is always enough. */
export function diskProblems(plan: FailoverPlan, seen: Observation): string[] {
  const host = plan.sources[0]?.host;
  const facts = host && factsOf(seen, host);
  if (!facts || plan.resumed || facts.freeBytes >= 2 * facts.etcdBytes) {
    return [];
  }
  return [`${host.name}: ${facts.freeBytes} bytes are free below /var/lib, ${2 * facts.etcdBytes} are needed`];
}
