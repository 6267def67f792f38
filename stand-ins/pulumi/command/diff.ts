import type { Diff, DiffRequest, PropertyDiff } from "../serve/provider.js";
import { equal, isPlainMap, type Value, type ValueMap } from "../serve/wire.js";

/**
 * Old inputs against new ones, path by path. Secrets are opaque: a changed connection is one changed value. A changed list
 * of triggers replaces when the list as a whole comes or goes; for single items the SDK asks the engine for that.
 */
export function diffInputs({ olds, oldInputs, news, ignoreChanges }: DiffRequest, replacing: string[]): Diff {
  const planned: ValueMap = { ...news };
  for (const key of ignoreChanges) if (olds[key] !== undefined) planned[key] = olds[key];
  const detailed: Record<string, PropertyDiff> = {};
  walk("", hidden(oldInputs), hidden(planned), detailed);
  for (const key of replacing) {
    const entry = detailed[key];
    if (entry) entry.replace = true;
  }
  const head = (path: string) => path.replace(/[.[].*$/, "");
  const diffs = [...new Set(Object.keys(detailed).map(head))];
  const replaces = replacing.filter((key) => detailed[key] !== undefined);
  return { changed: diffs.length > 0, diffs, replaces, detailed };
}

function hidden(inputs: ValueMap): ValueMap {
  return Object.fromEntries(Object.entries(inputs).filter(([key]) => key !== "version" && !key.startsWith("__")));
}

function walk(path: string, old: Value | undefined, now: Value | undefined, found: Record<string, PropertyDiff>): void {
  if (equal(old, now)) return;
  if (isPlainMap(old) && isPlainMap(now)) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(now)]))
      walk(join(path, key), old[key], now[key], found);
  } else if (Array.isArray(old) && Array.isArray(now)) {
    for (let i = 0; i < Math.max(old.length, now.length); i++) walk(`${path}[${i}]`, old[i], now[i], found);
  } else {
    found[path] = { kind: old === undefined ? "add" : now === undefined ? "delete" : "update" };
  }
}

function join(path: string, key: string): string {
  const simple = /^[A-Za-z_$][\w$]*$/.test(key);
  if (!simple) return `${path}["${key.replaceAll('"', '\\"')}"]`;
  return path === "" ? key : `${path}.${key}`;
}
