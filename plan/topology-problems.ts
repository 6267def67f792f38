import type { z } from "zod";

/** One thing that is wrong with the topology: `item: rule: value`. */
export class TopologyError extends Error {
  constructor(readonly problems: string[]) {
    super(`the topology has ${problems.length} error(s):\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.name = "TopologyError";
  }
}

/** A problem that the schema found, as `item: rule: value`. */
export function describeIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : `${text}.${String(key)}`),
    "topology",
  );
  if (issue.code === "unrecognized_keys") {
    return `${path}: unknown key: ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}`;
  }
  if (issue.code === "invalid_key") {
    return `${path}: ${issue.issues[0]?.message ?? issue.message}: ${JSON.stringify(String(issue.path.at(-1)))}`;
  }
  const value = issue.input === undefined ? "nothing" : JSON.stringify(issue.input);
  const rule = issue.code === "custom" || issue.code === "invalid_format" ? issue.message : lowerFirst(issue.message);
  return `${path}: ${rule}: ${value}`;
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
