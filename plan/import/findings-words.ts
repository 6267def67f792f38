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

/**
 * True if an error only follows from a value that doesn't fit its field: the error is about the same item, a part of it, or the list
 * that the value is in.
 */
export function isConsequence(error: string, misfits: string[]): boolean {
  const item = itemOf(error);
  return (
    !misfits.includes(error) &&
    misfits
      .map(itemOf)
      .some(
        (misfit) => item === misfit || /^[.[]/.test(rest(item, misfit) ?? "") || /^\[/.test(rest(misfit, item) ?? ""),
      )
  );
}

const itemOf = (error: string): string => error.slice(0, error.indexOf(": "));
const rest = (text: string, start: string): string | undefined =>
  text.startsWith(start) ? text.slice(start.length) : undefined;

/** RKE reads keys letter by letter: `Nodes` is no list of nodes. */
export function otherLetters({ ignored }: Reading): string {
  const found = ignored.find(({ path }) => path.length === 1 && String(path[0]).toLowerCase() === "nodes");
  return found ? `: RKE passes over ${JSON.stringify(found.path[0])} (line ${found.line}), it reads "nodes" alone` : "";
}
