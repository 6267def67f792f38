import type { Failure } from "../serve/provider.js";
import { reveal, UNKNOWN, type ValueMap } from "../serve/wire.js";
import { LOGGINGS } from "./output.js";

/** Failures of the inputs' names and of those values whose kind matters before a command runs. */
export function checkInputs(inputs: ValueMap, known: string[], required: string[] = []): Failure[] {
  const failures: Failure[] = [];
  for (const key of Object.keys(inputs)) {
    if (!known.includes(key) && !key.startsWith("__")) {
      failures.push({ property: key, reason: "not implemented by this stand-in" });
    }
  }
  for (const key of required) {
    if (inputs[key] === undefined) failures.push({ property: key, reason: "missing required value" });
  }
  for (const key of ["create", "update", "delete", "stdin"]) {
    const value = reveal(inputs[key]);
    if (value !== undefined && typeof value !== "string") failures.push({ property: key, reason: "must be a string" });
  }
  const logging = reveal(inputs.logging);
  if (logging !== undefined && logging !== UNKNOWN && !(LOGGINGS as readonly unknown[]).includes(logging)) {
    failures.push({ property: "logging", reason: `must be one of ${LOGGINGS.join(", ")}` });
  }
  return failures;
}
