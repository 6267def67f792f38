import { z } from "zod";
import { topologySchema } from "../topology/schema";
import { suggestion } from "../values/nearest";

/** One thing that is wrong with the topology: `item: rule: value`. */
export class TopologyError extends Error {
  constructor(readonly problems: string[]) {
    super(`the topology has ${problems.length} error(s):\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.name = "TopologyError";
  }
}

/** A path as a problem names it: topology.datacenters[0].name. */
export const itemOf = (path: PropertyKey[]): string =>
  path.reduce<string>(
    (words, key) => (typeof key === "number" ? `${words}[${key}]` : `${words}.${String(key)}`),
    "topology",
  );

/** The schema's problems, each as `item: rule: value`; an unknown key or word with the nearest known one. */
export function describeIssue(issue: z.core.$ZodIssue): string[] {
  const path = itemOf(issue.path);
  const value = issue.input === undefined ? "nothing" : shortened(JSON.stringify(issue.input));
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = keysAt(topologySchema, issue.path);
      return issue.keys.map((key) => `${path}: unknown key (${suggestion(key, known)}): ${JSON.stringify(key)}`);
    }
    case "invalid_key":
      return [`${path}: ${issue.issues[0]?.message ?? issue.message}: ${JSON.stringify(String(issue.path.at(-1)))}`];
    case "invalid_value": {
      const words = issue.values.map(String);
      const hint = typeof issue.input === "string" ? suggestion(issue.input, words) : `known are ${words.join(", ")}`;
      return [`${path}: is none of the words that are known here (${hint}): ${value}`];
    }
    case "custom":
    case "invalid_format":
      return [`${path}: ${issue.message}: ${value}`];
    case "invalid_type":
      return [
        `${path}: ${issue.input === undefined ? "is missing" : `is not ${kinds[issue.expected] ?? issue.expected}`}: ${value}`,
      ];
    default:
      return [`${path}: ${lowerFirst(issue.message)}: ${value}`];
  }
}

/** zod's names of kinds of values, in YAML's words. */
const kinds: Record<string, string> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
};

/** A whole datacenter in a line hides the error in it. */
const shortened = (json: string) => (json.length > 100 ? `${json.slice(0, 97)}...` : json);

/** The keys of the mapping at a path of the schema. */
function keysAt(schema: z.core.$ZodType, path: PropertyKey[]): string[] {
  const inner = unwrapped(schema);
  const [first, ...rest] = path;
  if (inner instanceof z.ZodArray) {
    return keysAt(inner.element, rest);
  }
  if (!(inner instanceof z.ZodObject)) {
    return [];
  }
  const next: z.core.$ZodType | undefined = first === undefined ? undefined : inner.shape[String(first)];
  return next ? keysAt(next, rest) : Object.keys(inner.shape);
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
    ? unwrapped(schema.unwrap())
    : schema;
}

const lowerFirst = (words: string) => words.charAt(0).toLowerCase() + words.slice(1);
