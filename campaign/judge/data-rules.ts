/** Rules about the cluster's data: writes, sides, members of etcd, watchers. */
import { type Act, type Heard, type History, ofKind, type Write } from "./history";

/** Milliseconds by which two clocks' readings of one write may differ: etcd's data says when it was written, the client when it was answered. */
const slack = 2000;
/** Two sides serve at once if one accepts a write within this time before and after the other's. */
const atOnce = 5000;

const keyOf = ({ client, n }: Write): string => `${client}-${n}`;
const acknowledged = (history: History): Write[] => ofKind(history, "write").filter((w) => w.acknowledged);
const named = (keys: readonly string[]): string =>
  `${keys.length}: ${keys.slice(0, 5).join(", ")}${keys.length > 5 ? ", ..." : ""}`;

/**
 * Every acknowledged write is in the last list of keys, but for writes that a failover gave up: begun before its command, and answered after
 * the "data as of T" that it named. A failover that names no T recovers all that is older than a second before the disaster. Writes
 * that the lost side took while the survivors were dark are given up by the failback whose preview says that it served.
 */
export function lostWrites(history: History): string[] {
  const last = ofKind(history, "present").at(-1);
  if (!last) return [];
  const there = new Set(last.keys);
  const missing = acknowledged(history).filter((w) => w.endedAt < last.at && !there.has(keyOf(w)));
  const acts = ofKind(history, "act");
  const lost = missing.filter((w) => !acts.some((act) => givesUp(act, w, history)));
  const disorder = acts
    .filter(({ type }) => type === "failover")
    .flatMap((act) => {
      const before = ofKind(history, "write").filter((w) => w.endedAt < act.at);
      const newest = Math.max(0, ...before.filter((w) => there.has(keyOf(w))).map((w) => w.at));
      // of one side alone: two sides that don't reach each other have no common order
      return missing.filter((w) => w.side !== history.rules.lost && w.endedAt < act.at && w.endedAt < newest);
    });
  return [
    ...(lost.length > 0 ? [`lost, and nothing named it beforehand: ${named(lost.map(keyOf))}`] : []),
    ...(disorder.length > 0 ? [`lost, although newer ones survived: ${named(disorder.map(keyOf))}`] : []),
  ];
}

function givesUp(act: Act, write: Write, history: History): boolean {
  if (act.type === "failback")
    return write.side === history.rules.lost && said(history, act, /HAS WRITES THAT THE CLUSTER LACKS/);
  // "should they live, ... both clusters go on, apart"
  if (act.method === "restore" && write.side === history.rules.lost && write.endedAt >= act.at)
    return said(history, act, /What is written to theirs alone is lost at failback/);
  const struck = ofKind(history, "event").filter(({ what, at }) => what.startsWith("disaster: ") && at <= act.at);
  const newest = act.dataAsOf ?? (struck.at(-1)?.at ?? act.at) - 1000;
  return write.at < act.at && write.endedAt > newest;
}

/** True if a preview, or another command up to the act's end, printed it. */
const said = (history: History, act: Act, words: RegExp): boolean =>
  ofKind(history, "command").some((c) => c.at <= act.endedAt && words.test(c.printed));

/**
 * From a failover's first accepted write until the failback's command, the lost side accepts no write that the survivors lack while they
 * accept others. A restored cluster is a second one beside the old one, by its preview's own words: until a return guard stops that, or the failback.
 */
export function twoSides(history: History): string[] {
  const writes = acknowledged(history);
  const present = ofKind(history, "present");
  return ofKind(history, "act")
    .filter((act) => act.type === "failover" && act.method !== "restore")
    .flatMap((act) => {
      const until = Math.min(
        ...ofKind(history, "act")
          .filter((other) => other.type === "failback" && other.at > act.at)
          .map((other) => other.at),
      );
      const own = writes.filter((w) => w.at >= act.at && w.side !== history.rules.lost);
      const begun = own[0]?.endedAt ?? Number.POSITIVE_INFINITY;
      const last = present.filter((p) => p.at > begun).at(-1);
      const there = new Set(last?.keys);
      const theirs = writes.filter(
        (w) =>
          w.side === history.rules.lost &&
          w.at >= begun &&
          w.at < until &&
          !there.has(keyOf(w)) &&
          own.some((o) => o.endedAt <= w.endedAt && o.endedAt >= w.endedAt - atOnce) &&
          own.some((o) => o.at >= w.at && o.at <= w.at + atOnce),
      );
      return theirs.length > 0
        ? [
            `after the failover of epoch ${act.epoch} the lost side accepted writes of its own: ${named(theirs.map(keyOf))}`,
          ]
        : [];
    });
}

/**
 * Members of one reading have the same hash of all keys at its revision. A hash covers what a member hasn't compacted, so only members that are compacted
 * at one revision are compared: equal members compact at different moments, and the reading (campaign/run/readings.ts) waits for that.
 */
export function equalMembers(history: History): string[] {
  const readings = new Map<string, ReturnType<typeof members>>();
  for (const member of members(history)) {
    readings.set(member.reading, [...(readings.get(member.reading) ?? []), member]);
  }
  return [...readings].flatMap(([reading, list]) => {
    const told = list.map((m) => `${m.host} ${m.hash} (revision ${m.revision}, compacted at ${m.compactRevision})`);
    const differs = list.some((a) =>
      list.some((b) => a.revision !== b.revision || (a.compactRevision === b.compactRevision && a.hash !== b.hash)),
    );
    return differs ? [`${reading}: ${told.join(", ")}`] : [];
  });
}

const members = (history: History) => ofKind(history, "member");

/**
 * A watcher that nobody restarted hears of changes in the order of their revisions, or is told that its revision is too old and lists anew; at
 * the end it knows the keys that the cluster has.
 */
export function unnoticedRevisions(history: History): string[] {
  const present = ofKind(history, "present").at(-1);
  const watchers = new Set(ofKind(history, "heard").map(({ watcher }) => watcher));
  return [...watchers].flatMap((watcher) => {
    const heard = ofKind(history, "heard").filter((h) => h.watcher === watcher);
    const { known, back } = followed(heard);
    if (!present) return back;
    // what was written around the list may or may not be in it
    const settled = (key: string) => {
      const write = ofKind(history, "write").find((w) => keyOf(w) === key);
      return write === undefined || write.endedAt < present.at - slack;
    };
    const missing = present.keys.filter((key) => settled(key) && !known.has(key));
    const gone = [...known].filter((key) => settled(key) && !present.keys.includes(key));
    return [
      ...back,
      ...(missing.length > 0 ? [`${watcher} never heard of keys that are there: ${named(missing)}`] : []),
      ...(gone.length > 0 ? [`${watcher} still believes in keys that are gone: ${named(gone)}`] : []),
    ];
  });
}

function followed(heard: readonly Heard[]): { known: Set<string>; back: string[] } {
  const known = new Set<string>();
  const back: string[] = [];
  let revision = 0;
  for (const { watcher, event, keys = [], revision: at } of heard) {
    if (event === "list") {
      known.clear();
      revision = 0;
    }
    if (at !== undefined && at < revision)
      back.push(`${watcher} heard of revision ${at} after ${revision}, without a new list`);
    if (at !== undefined) revision = Math.max(revision, at);
    for (const key of keys) event === "delete" ? known.delete(key) : known.add(key);
  }
  return { known, back };
}
