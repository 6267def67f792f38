import { isMapping, type Mapping, mapping } from "../values/mapping";

/** The findings of an import: errors stop it, notes stand at the head of the file that it writes. */
export interface Findings {
  errors: string[];
  notes: string[];
}

/** A part of cluster.yml that is a mapping if it is there at all. */
export function part(value: unknown, item: string, found: Findings): Mapping {
  if (value !== undefined && value !== null && !isMapping(value)) {
    found.errors.push(`${item}: is not a mapping: ${JSON.stringify(value)}`);
  }
  return mapping(value);
}

/** Takes a key out of a mapping and gives what it held. */
export function take(from: Mapping, key: string): unknown {
  const value = from[key];
  delete from[key];
  return value ?? undefined;
}

/** True if RKE takes the value as not set: Go's zero values, and mappings of nothing else. */
export const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === "" ||
  value === false ||
  value === 0 ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === "object" && value !== null && Object.values(value).every(isEmpty));

/** A value as text. */
export const textOf = (value: unknown): string => (typeof value === "object" ? JSON.stringify(value) : String(value));
