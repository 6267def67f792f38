import type { Reading } from "./findings";
import { itemAt } from "./items";

/** The findings of reading cluster.yml, in words: values that RKE refuses as well, and keys that it ignores silently. */
export function findingsOf(
  reading: Reading & { documents: number },
  names: string[],
): { errors: string[]; notes: string[] } {
  const ignored = new Map(reading.ignored.map(({ path, line }) => [`${itemAt(path, names)} ${line}`, { path, line }]));
  const repeated = new Map(reading.repeated.map((found) => [`${itemAt(found.path, names)} ${found.lines}`, found]));
  return {
    errors: reading.misfits.map(
      ({ path, rule, value, line }) =>
        `${itemAt(path, names)}: ${rule}: ${value ?? "not shown, it is a secret"} (line ${line}; RKE refuses it as well)`,
    ),
    notes: [
      ...(reading.documents > 1
        ? [`cluster.yml: holds ${reading.documents} documents; RKE reads the first, and so does this import`]
        : []),
      ...[...repeated.values()].map(
        ({ path, lines }) =>
          `${itemAt(path, names)}: stands ${lines.length} times (lines ${lines.join(", ")}); RKE puts mappings together and takes the last of anything else, and so does this import: leave one of them`,
      ),
      ...[...ignored.values()].map(
        ({ path, line }) => `${itemAt(path, names)}: left out, RKE has no such key and passes over it (line ${line})`,
      ),
    ],
  };
}
