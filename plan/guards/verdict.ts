import type { Host } from "../topology/topology";

/** A guard's result. A failed guard stops `up`; preview shows all results. */
export interface Verdict {
  guard: string;
  ok: boolean;
  /** True if no problem was found only because no host could be looked at. */
  unknown?: boolean;
  /** The finding in one line, for people: what is wrong, without the ways on. */
  found: string;
  /** Problems that stop the act, each as `problem` makes it. */
  problems: string[];
}

/**
 * A problem in a few short lines: first `item: rule: value`, then what the operator types or does, then other ways.
 * test/plan/guards/advice.test.ts holds that every problem has a way on, and follows it.
 */
export const problem = (wrong: string, ...ways: string[]): string => [wrong, ...ways].join("\n");

export const verdict = (guard: string, problems: string[], fine: string): Verdict => ({
  guard,
  ok: problems.length === 0,
  problems,
  found: problems.length === 0 ? fine : problems.map((text) => text.split("\n")[0]).join("; "),
});

export const list = (hosts: Host[]): string => hosts.map((h) => h.name).join(", ") || "none";
