import type { FailoverPlan } from "../acts/failover/plan";
import type { Reachable } from "../facts/facts";
import { factsOf, type Observation } from "../facts/observation";
import { snapshotDir } from "../facts/snapshots";
import { installerOf } from "../installers/installers";
import type { Host, Topology } from "../topology/topology";
import { commandsOn } from "./commands";
import { problem } from "./verdict";

/** For records, snapshots of a small cluster, and containers' own files: with less a step could fail half-way. */
const leastFreeBytes = 50 * 1024 * 1024;

/**
 * Hosts on which a step could fail half-way for want of room.
 * @param epoch what acts of this epoch and later ones have set aside isn't named as something that may go
 * @param kept a file that the act needs
 */
export function roomProblems(
  topology: Topology,
  hosts: Host[],
  seen: Observation,
  epoch: number,
  kept?: string,
): string[] {
  return hosts.flatMap((h) => {
    const facts = factsOf(seen, h);
    const free = facts?.preflight.smallestFreeBytes ?? leastFreeBytes;
    return facts === undefined || free >= leastFreeBytes
      ? []
      : [
          problem(
            `${h.name}: ${mebibytes(leastFreeBytes)} must be free below /var/lib, ${installerOf(topology).runtimeOn(h).daemon.folder} and /etc: ${mebibytes(free)}`,
            ...mayGo(topology, h, facts, epoch, kept),
          ),
        ];
  });
}

/**
 * The act needs room for a snapshot and for the data made from it, or for one copy of the data: twice the larger is always enough. A member
 * that joins anew gets the whole data beside its old data.
 */
export function diskProblems(topology: Topology, plan: FailoverPlan, seen: Observation): string[] {
  return [
    ...sourceDiskProblems(topology, plan, seen),
    ...plan.others.flatMap((host) => {
      const facts = factsOf(seen, host);
      const joined = facts?.steps["etcd-join"]?.epoch === plan.settings.epoch;
      return facts && !joined ? room(topology, host, facts, facts.etcdBytes, plan) : [];
    }),
  ];
}

function sourceDiskProblems(topology: Topology, plan: FailoverPlan, seen: Observation): string[] {
  const host = plan.source?.host;
  const facts = host && factsOf(seen, host);
  if (!facts || plan.resumed) {
    return [];
  }
  const keeper = plan.source?.keptOn ?? host;
  const snapshot = factsOf(seen, keeper)?.files.find((file) => file.path === plan.source?.name);
  return room(topology, host, facts, 2 * Math.max(facts.etcdBytes, snapshot?.bytes ?? 0), plan);
}

const room = (
  topology: Topology,
  host: Host,
  facts: Reachable,
  needed: number,
  { settings, source }: FailoverPlan,
): string[] =>
  facts.freeBytes >= needed
    ? []
    : [
        problem(
          `${host.name}: ${mebibytes(needed)} must be free below /var/lib: ${mebibytes(facts.freeBytes)}`,
          ...mayGo(topology, host, facts, settings.epoch, source?.take),
        ),
      ];

/**
 * Commands that make room, the largest gain first, at most five.
 * @param epoch things that this epoch's act and later ones have set aside stay
 * @param kept a file that the act needs
 */
function mayGo(topology: Topology, host: Host, facts: Reachable, epoch: number, kept?: string): string[] {
  const logs = (facts.preflight.largeLogs ?? []).map(({ path, bytes }) => ({
    bytes,
    command: `truncate -s 0 ${path}`,
  }));
  const aside = facts.aside
    .filter(({ path, bytes }) => bytes > 0 && Number(/epoch-(\d+)/.exec(path)?.[1] ?? epoch) < epoch)
    .map(({ path, bytes }) => ({ bytes, command: `rm -r ${path}` }));
  const snapshots = (facts.snapshots?.kept ?? [])
    .slice(1)
    .map(({ name, bytes }) => ({ bytes, path: `${snapshotDir}/${name}.db` }))
    .filter(({ path }) => path !== kept)
    .map(({ bytes, path }) => ({ bytes, command: `rm ${path} ${path.replace(/db$/, "json")}` }));
  const found = [...logs, ...aside, ...snapshots].sort((a, b) => b.bytes - a.bytes).slice(0, 5);
  return [
    ...(found.length === 0
      ? ["`du -x / | sort -n | tail -n 30` there shows what is large"]
      : ["There, these make room:"]),
    ...found.map(({ bytes, command }) => `\`${command}\` (${mebibytes(bytes)})`),
    ...commandsOn(topology, [host]).map(
      ({ prune }) => `\`${prune}\` (images that no container uses); never delete /var/lib/etcd/member`,
    ),
  ];
}

const mebibytes = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)} MiB (${bytes} bytes)`;
