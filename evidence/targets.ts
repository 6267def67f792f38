import type { Evidence } from "./evidence";

/** A figure against what the topology asks for. */
export interface AgainstTarget {
  seconds?: number;
  targetSeconds?: number;
  verdict: "met" | "missed" | "not shown" | "no target";
  /** How to read the figure. */
  words: string;
}

/**
 * From the start of the command to the first write that the API accepted.
 * @param now if the act may still go on, Unix milliseconds: without a first write, the time so far
 */
export function recoveryTime(evidence: Evidence, firstWriteAt: number | undefined, now?: number): AgainstTarget {
  const targetSeconds = evidence.targets.rtoSeconds;
  if (firstWriteAt === undefined && now !== undefined) {
    const seconds = Math.max(0, rounded(now - evidence.commandAt));
    const soFar = "so far, from the start of the command; no write was accepted yet";
    return targetSeconds !== undefined && seconds <= targetSeconds
      ? { seconds, targetSeconds, verdict: "not shown", words: soFar }
      : { seconds, ...judged(seconds, targetSeconds, "missed"), words: soFar };
  }
  if (firstWriteAt === undefined) {
    return {
      ...(targetSeconds === undefined ? {} : { targetSeconds }),
      verdict: targetSeconds === undefined ? "no target" : "not shown",
      words: "no write was accepted yet",
    };
  }
  const seconds = rounded(firstWriteAt - evidence.commandAt);
  return {
    seconds,
    ...judged(seconds, targetSeconds, "missed"),
    words: "from the start of the command to the first write that the API accepted",
  };
}

/**
 * How old the data was when the command began: no more can be lost than what was written after T. Nobody can tell from the
 * survivors when the other side stopped accepting writes, so this is a bound, and being above the target proves nothing.
 */
export function dataLoss(evidence: Evidence): AgainstTarget {
  const targetSeconds = evidence.targets.rpoSeconds;
  const asOf = Date.parse(evidence.dataAsOf);
  if (Number.isNaN(asOf)) {
    return {
      ...(targetSeconds === undefined ? {} : { targetSeconds }),
      verdict: targetSeconds === undefined ? "no target" : "not shown",
      words: "how old the data is isn't known",
    };
  }
  const seconds = Math.max(0, rounded(evidence.commandAt - asOf));
  return {
    seconds,
    ...judged(seconds, targetSeconds, "not shown"),
    words: `at most: writes accepted after ${evidence.dataAsOf} may be gone, and the command began that much later`,
  };
}

/** How long clients could write nothing. */
export interface Gap {
  /** Undefined if its begin or its end isn't known. */
  seconds?: number;
  words: string;
}

/**
 * From the newest write that the source holds to the first write that the API accepted. Leases are renewed every few seconds, so the gap is at most
 * that much shorter; a client that writes without a pause measures it exactly.
 * @param now if the act may still go on, Unix milliseconds
 */
export function withoutWrites(evidence: Evidence, firstWriteAt: number | undefined, now?: number): Gap {
  const from = Date.parse(evidence.dataAsOf);
  const to = firstWriteAt ?? now;
  if (Number.isNaN(from)) return { words: "how old the data is isn't known" };
  if (to === undefined) return { words: "no write was accepted yet" };
  return {
    seconds: Math.max(0, rounded(to - from)),
    words:
      firstWriteAt === undefined
        ? "so far, from the newest write that the source holds; no write was accepted yet"
        : "from the newest write that the source holds to the first one that was accepted",
  };
}

function judged(
  seconds: number,
  targetSeconds: number | undefined,
  above: "missed" | "not shown",
): Pick<AgainstTarget, "verdict" | "targetSeconds"> {
  return targetSeconds === undefined
    ? { verdict: "no target" }
    : { targetSeconds, verdict: seconds <= targetSeconds ? "met" : above };
}

const rounded = (milliseconds: number): number => Math.round(milliseconds / 100) / 10;
