import type { Host } from "../topology/topology";

/** What a guard says. A failed one stops `up`; preview shows them all and changes nothing anyway. */
export interface Verdict {
  guard: string;
  ok: boolean;
  /** Nothing was found against it, but nothing could be looked at either. */
  unknown?: boolean;
  /** What was found, in one line for people. */
  found: string;
  /** What stops the act, one by one: the item, the rule, and what it is instead. */
  problems: string[];
}

export const verdict = (guard: string, problems: string[], fine: string): Verdict => ({
  guard,
  ok: problems.length === 0,
  problems,
  found: problems.length === 0 ? fine : problems.join("; "),
});

export const list = (hosts: Host[]): string => hosts.map((h) => h.name).join(", ") || "none";
