import { isMapping, type Mapping, mapping } from "../values/mapping";

/** What an import found on its way: errors stop it, notes stand at the head of what it writes. */
export interface Findings {
  errors: string[];
  notes: string[];
}

/** A part of cluster.yml that is a mapping where it is there at all. */
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

/** Pulumi.yaml is clear text in git: secrets of cluster.yml don't go there. */
const secretKey = /(password|secret|token|^key|ssh_key|private_key)$/i;

/** The same without texts that are secrets by their key, each named in a note. */
export function withoutSecrets(value: Mapping, found: Findings): Mapping {
  return cleaned(value, "rke", found) as Mapping;
}

function cleaned(value: unknown, path: string, found: Findings): unknown {
  if (Array.isArray(value)) {
    return value.map((v, i) => cleaned(v, `${path}[${i}]`, found));
  }
  if (!isMapping(value)) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, v]) => {
      if (typeof v === "string" && v !== "" && secretKey.test(key)) {
        found.notes.push(`${path}.${key}: LEFT OUT, it is a secret and Pulumi.yaml is clear text; RKE would miss it`);
        return [];
      }
      return [[key, cleaned(v, `${path}.${key}`, found)]];
    }),
  );
}

/** Whether RKE takes the value as not set: Go's zero values, and mappings of nothing else. */
export const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === "" ||
  value === false ||
  value === 0 ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === "object" && value !== null && Object.values(value).every(isEmpty));

/** A value as text; YAML reads numbers and booleans where people mean words, and worse. */
export const textOf = (value: unknown): string => (typeof value === "object" ? JSON.stringify(value) : String(value));
