import type { Attempt } from "../drill/history";

/** The experience of a client that writes all the time while something is done. Seconds from the begin of that. */
export interface Outage {
  /** When the first write was accepted. */
  firstWrite: number;
  /** The sum of all times without an accepted write. */
  failing: number;
  /** Each of them: when it began and how long it was. */
  gaps: { at: number; seconds: number }[];
}

/**
 * A gap lasts from the last accepted write before a failed attempt (or from `from`) to the next accepted one (or to `to`).
 *
 * @param from Unix milliseconds, when the command was given
 * @param to Unix milliseconds, when it had ended
 * @throws Error where no write was accepted in between
 */
export function outage(history: readonly Attempt[], from: number, to: number): Outage {
  const seen = history.filter((a) => a.endedAt >= from && a.startedAt <= to);
  const accepted = seen.filter((a) => a.acknowledged && a.startedAt >= from);
  const [first] = accepted;
  if (!first) throw new Error(`client: must have a write accepted before the act ends, has none of ${seen.length}`);
  const gaps: Outage["gaps"] = [];
  let begin = from;
  let failed = true; // the outage is there when the command is given
  const close = (end: number) => {
    if (failed) gaps.push({ at: (begin - from) / 1000, seconds: (end - begin) / 1000 });
    begin = end;
    failed = false;
  };
  for (const attempt of seen) {
    if (!attempt.acknowledged) failed = true;
    else if (attempt.startedAt >= from) close(attempt.endedAt);
  }
  if (failed) close(to);
  return {
    firstWrite: (first.endedAt - from) / 1000,
    failing: gaps.reduce((sum, gap) => sum + gap.seconds, 0),
    gaps,
  };
}
