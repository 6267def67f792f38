import type { Host } from "../topology/topology";

/** A guard's result. A failed guard stops `up`; preview shows all results. */
export interface Verdict {
  guard: string;
  ok: boolean;
  /** True if no problem was found only because no host could be looked at. */
  unknown?: boolean;
  /** The finding in one line, for people. */
  found: string;
  /** Problems that stop the act, each with item, rule and value. */
  problems: string[];
}

export const verdict = (guard: string, problems: string[], fine: string): Verdict => ({
  guard,
  ok: problems.length === 0,
  problems,
  found: problems.length === 0 ? fine : problems.join("; "),
});

export const list = (hosts: Host[]): string => hosts.map((h) => h.name).join(", ") || "none";
