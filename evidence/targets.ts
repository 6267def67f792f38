import type { Evidence } from "./evidence";

/** A figure against what the topology asks for. */
export interface AgainstTarget {
  seconds?: number;
  targetSeconds?: number;
  verdict: "met" | "missed" | "not shown" | "no target";
  /** How to read the figure. */
  words: string;
}

/** From the start of the command to the first write that the API accepted. */
export function recoveryTime(evidence: Evidence, firstWriteAt: number | undefined): AgainstTarget {
  const targetSeconds = evidence.targets.rtoSeconds;
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
