import type { Reachable } from "../../facts/facts";
import { factsOf, type Observation } from "../../facts/observation";
import type { Host } from "../../topology/topology";
import { type Failback, failbackWord } from "./failback";

/** The newest data of the returned side if it is newer than that with which the failover began: a failback sets it aside, and merges nothing. */
export interface OnlyThere {
  host: Host;
  revision: number;
  /** The revision with which the failover began. */
  recovered: number;
  /** When the newest object in it was written, Unix milliseconds; undefined if that can't be seen. */
  written: number | undefined;
  /** True if it went on writing after the loss: what it wrote are no requests that were on their way when it was lost. */
  served: boolean;
}

/**
 * Milliseconds after the newest write that the survivors had. Within them a side that is lost writes what the survivors don't get: Leases are
 * renewed every 2 to 10 s, a datacenter's link and its power don't end at the same moment, and clocks may differ by 5 s (guard `clocks`).
 */
const onTheirWay = 30_000;

export function onlyThere({ from, returned, survivors, epoch }: Failback, seen: Observation): OnlyThere | undefined {
  const recovered = Math.max(...survivors.map((host) => recoveredRevision(factsOf(seen, host), from.epoch)));
  const newest = returned
    .flatMap((host) => {
      const facts = factsOf(seen, host);
      const revision = facts && (facts.etcd?.revision ?? revisionAtRest(facts));
      // data of this failback's own epoch is the cluster's
      return facts && facts.epoch !== epoch && revision !== undefined ? [{ host, revision, facts }] : [];
    })
    .sort((a, b) => b.revision - a.revision)[0];
  if (!newest || recovered <= 0 || newest.revision <= recovered) return undefined;
  const { host, revision, facts } = newest;
  const written = facts.etcd ? facts.newestLease : facts.restingWritten;
  const began = lossBegan(survivors, from.epoch, seen);
  return {
    host,
    revision,
    recovered,
    written,
    // what can't be seen is asked
    served: written === undefined || began === undefined || written - began > onTheirWay,
  };
}

/**
 * The word that the operator must give for a failback. If the returned side went on writing after the loss, it names what is given up: that
 * side and its newest revision. A resumed failback has been confirmed.
 */
export function failbackConfirmation(failback: Failback, seen: Observation): string {
  const there = failback.resumed ? undefined : onlyThere(failback, seen);
  return there?.served
    ? `${failbackWord(failback.epoch)}-without-${failback.from.lost}@${there.revision}`
    : failbackWord(failback.epoch);
}

/**
 * When the loss began at the latest, Unix milliseconds: with a member's data the newest write in it; a snapshot says nothing of it, then it is the
 * failover's own beginning.
 */
function lossBegan(survivors: Host[], epoch: number, seen: Observation): number | undefined {
  const times = survivors.flatMap((host) => {
    const facts = factsOf(seen, host);
    if (facts?.epoch !== epoch) return [];
    const { source = "", dataAsOf } = facts.preflight.earlierPlan;
    const claimed = facts.steps.claim?.epoch === epoch ? facts.steps.claim.startedAt : undefined;
    const at = source.startsWith("/") ? claimed : Number(dataAsOf) || claimed;
    return at === undefined ? [] : [at];
  });
  return times.length > 0 ? Math.max(...times) : undefined;
}

/** The newest revision in the database of an etcd that doesn't run. */
export const revisionAtRest = ({ restingRevision, preflight }: Reachable): number | undefined =>
  restingRevision ?? preflight.databaseRevision;

/** The revision that a failover's source had, by the record of the step that secured it; 0 if this host has none. */
function recoveredRevision(facts: Reachable | undefined, epoch: number): number {
  const secured = [facts?.steps.snapshot, facts?.steps.source].find((record) => record?.epoch === epoch);
  return Number(secured?.facts.revision) || 0;
}
