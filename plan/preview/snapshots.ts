import { scheduleProgram } from "../acts/primary/snapshot-schedule";
import type { Reachable } from "../facts/facts";
import { factsOf, type Observation } from "../facts/observation";
import { snapshotDir } from "../facts/snapshots";
import { deployHosts, type Host, type Topology } from "../topology/topology";
import { durationSeconds, durationWords } from "../values/duration";

/** Problems of scheduled snapshots, a sentence each; for preview of both stacks. */
export function snapshotProblems(topology: Topology, hosts: Host[], seen: Observation): string[] {
  const wanted = topology.etcd.snapshots;
  if (wanted === undefined) {
    return [];
  }
  const every = durationSeconds(wanted.every);
  return deployHosts(topology)
    .filter((keeper) => hosts.some((h) => h.name === keeper.name))
    .flatMap((keeper) => {
      const facts = factsOf(seen, keeper);
      return facts === undefined ? [] : keeperProblems(keeper, facts, every, seen.at);
    });
}

function keeperProblems(keeper: Host, facts: Reachable, every: number, at: number): string[] {
  const found = facts.snapshots;
  if (found === undefined) {
    return [`${keeper.name}: no snapshots yet: its schedule isn't set up`];
  }
  const [newest] = found.kept;
  const hostNow = at + facts.clockSkew;
  const status = facts.processes[scheduleProgram]?.status ?? "missing";
  const age = newest && Math.max(0, (hostNow - newest.takenAt) / 1000);
  return [
    ...(status === "running"
      ? []
      : [`${keeper.name}: no snapshots are taken: container ${scheduleProgram} is ${status}`]),
    ...(age === undefined ? [`${keeper.name}: has no whole snapshot`] : []),
    ...(age !== undefined && age > 2 * every
      ? [
          `${keeper.name}: a snapshot was missed: the newest is ${durationWords(age)} old, one is due each ${durationWords(every)}`,
        ]
      : []),
    ...(found.lastRun?.ok === false
      ? [
          `${keeper.name}: the last snapshot failed ${durationWords(Math.max(0, (hostNow - found.lastRun.at) / 1000))} ago: ${found.lastRun.reason}`,
        ]
      : []),
    ...found.damaged.map((name) => `${keeper.name}: ${snapshotDir}/${name}.db is damaged and doesn't count`),
  ];
}

/** Scheduled snapshots, a line for each deploy host; empty if the topology asks for none. */
export function describeSnapshots(topology: Topology, hosts: Host[], seen: Observation): string[] {
  if (topology.etcd.snapshots === undefined) {
    return [];
  }
  return deployHosts(topology)
    .filter((keeper) => hosts.some((h) => h.name === keeper.name))
    .map((keeper) => {
      const facts = factsOf(seen, keeper);
      const [newest] = facts?.snapshots?.kept ?? [];
      return newest === undefined || facts === undefined
        ? `${keeper.name}: none`
        : `${keeper.name}: ${facts.snapshots?.kept.length} kept; the newest is ${durationWords(
            Math.max(0, (seen.at + facts.clockSkew - newest.takenAt) / 1000),
          )} old, revision ${newest.revision}, from ${newest.host}, ${newest.bytes} bytes`;
    });
}
