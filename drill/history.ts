/** One attempt of the writing client. An attempt without an answer may have been applied: it counts as not acknowledged. */
export interface Attempt {
  n: number;
  /** Unix milliseconds of the drill's clock. */
  startedAt: number;
  endedAt: number;
  acknowledged: boolean;
  server: string;
  /** etcd's revision of the write, if it was acknowledged. */
  revision?: number;
  error?: string;
}

export interface Judgement {
  acknowledged: number;
  /** Acknowledged, and gone after the failover. */
  lost: number[];
  /** Lost although acknowledged by "data as of T": these must not be. */
  broken: number[];
  /** Lost although one that began after their answer survived the outage: a recovery takes only the newest away. */
  outOfOrder: number[];
  /** The first acknowledged write that began after `since`; Unix milliseconds of its answer. */
  firstWriteAt: number | undefined;
  /** The last acknowledged write before the outage. */
  lastWriteBefore: number | undefined;
  /** The last one of them that is still there. */
  lastSurviving: number | undefined;
}

/**
 * Compares what the client was told with what is there.
 *
 * @param present numbers of the writes that the recovered cluster holds
 * @param dataAsOf Unix milliseconds, what the failover said of its source; undefined: it said nothing, all must be there
 * @param since when the failover's command began
 */
export function judge(
  history: Attempt[],
  present: ReadonlySet<number>,
  dataAsOf: number | undefined,
  since: number,
): Judgement {
  const acknowledged = history.filter((a) => a.acknowledged);
  const lost = acknowledged.filter((a) => !present.has(a.n));
  const before = acknowledged.filter((a) => a.endedAt < since).map((a) => a.endedAt);
  const after = acknowledged.filter((a) => a.startedAt >= since).map((a) => a.endedAt);
  const survived = history.filter((a) => a.startedAt < since && present.has(a.n));
  return {
    acknowledged: acknowledged.length,
    lost: lost.map((a) => a.n),
    broken: lost.filter((a) => dataAsOf === undefined || a.endedAt <= dataAsOf || a.startedAt >= since).map((a) => a.n),
    outOfOrder: lost.filter((a) => survived.some((s) => s.startedAt > a.endedAt)).map((a) => a.n),
    firstWriteAt: after.length > 0 ? Math.min(...after) : undefined,
    lastSurviving: newest(acknowledged.filter((a) => a.endedAt < since && present.has(a.n)).map((a) => a.endedAt)),
    lastWriteBefore: newest(before),
  };
}

const newest = (times: number[]): number | undefined => (times.length > 0 ? Math.max(...times) : undefined);

/** Milliseconds of the longest time without an acknowledged write between two moments; for a client that wrote all along. */
export function longestGap(history: Attempt[], from: number, to: number): number {
  const times = [from, ...history.filter((a) => a.acknowledged).map((a) => a.endedAt), to]
    .filter((t) => t >= from && t <= to)
    .sort((a, b) => a - b);
  return Math.max(...times.slice(1).map((t, i) => t - (times[i] ?? t)));
}

/** Reads a log of one of the drill's clients, a line of JSON each; a line cut by the end of the process is left out. */
export function parseLog<T>(text: string): T[] {
  return text.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [JSON.parse(line) as T];
    } catch {
      return [];
    }
  });
}
