import type { Diff, PropertyDiff } from "../serve/provider.js";
import { isPlainMap, UNKNOWN, type Value, type ValueMap } from "../serve/wire.js";
import { AUTONAMED, annotationsOf, metadataOf, nameOf, prune, withMetadata, withoutReadOnly } from "./object.js";

interface Sides {
  oldInputs: ValueMap;
  oldLive: ValueMap;
  news: ValueMap;
  namespaced: boolean;
  replacing: string[];
  ignoreChanges: string[];
}

/** New inputs against that part of the recorded live object which the old inputs had set. */
export function diffObject({ oldInputs, oldLive, news, namespaced, replacing, ignoreChanges }: Sides): Diff {
  const namespace = (object: ValueMap) =>
    namespaced ? { namespace: metadataOf(object).namespace || "default" } : { namespace: undefined };
  const pruned = prune(oldLive, withoutReadOnly(oldInputs)) as ValueMap;
  const old = withMetadata(pruned, { ...namespace(pruned), name: nameOf(oldLive) });
  const now = withMetadata(withoutReadOnly(news), namespace(news));

  const found: Record<string, PropertyDiff> = {};
  walk([], withoutUndefinedNamespace(old), withoutUndefinedNamespace(now), found);
  for (const path of Object.keys(found)) {
    if (ignoreChanges.some((ignored) => covers(ignored, path))) delete found[path];
    else if (replacing.some((prefix) => covers(prefix, path))) (found[path] as PropertyDiff).replace = true;
  }
  const replaces = Object.keys(found).filter((path) => found[path]?.replace);
  return {
    changed: Object.keys(found).length > 0,
    detailed: found,
    replaces,
    deleteBeforeReplace: replaces.length > 0 && collides(news, oldLive),
  };
}

/** Both objects would have the same place, and the name isn't one that could be drawn again. */
function collides(news: ValueMap, oldLive: ValueMap): boolean {
  const [now, old] = [metadataOf(news), metadataOf(oldLive)];
  if (now.name === undefined || annotationsOf(news)[AUTONAMED] === "true") return false;
  return now.name === old.name && (now.namespace || "default") === (old.namespace || "default");
}

function withoutUndefinedNamespace(object: ValueMap): ValueMap {
  const entries = Object.entries(metadataOf(object)).filter(([, value]) => value !== undefined);
  return { ...object, metadata: Object.fromEntries(entries) };
}

function covers(prefix: string, path: string): boolean {
  return path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`);
}

function walk(
  path: (string | number)[],
  old: Value | undefined,
  now: Value | undefined,
  found: Record<string, PropertyDiff>,
) {
  if (isPlainMap(old) && isPlainMap(now)) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(now)]))
      walk([...path, key], old[key], now[key], found);
  } else if (Array.isArray(old) && Array.isArray(now)) {
    for (let i = 0; i < Math.max(old.length, now.length); i++) walk([...path, i], old[i], now[i], found);
  } else if (isPlainMap(old) && now === UNKNOWN) {
    // As the official provider shows it: what the map had is gone, what comes instead is not known yet.
    for (const key of Object.keys(old)) found[text([...path, key])] = { kind: "delete", input: true };
  } else if (now === undefined || now === null) {
    if (old !== undefined && old !== null) found[text(path)] = { kind: "delete", input: true };
  } else if (old === undefined) {
    found[text(path)] = { kind: "add" };
  } else if (now === UNKNOWN || old !== now) {
    found[text(path)] = { kind: "update" };
  }
}

function text(path: (string | number)[]): string {
  return path.reduce<string>((all, part) => {
    if (typeof part === "number") return `${all}[${part}]`;
    if (/[."[\]]/.test(part)) return `${all}["${part.replaceAll('"', '\\"')}"]`;
    return all === "" ? part : `${all}.${part}`;
  }, "");
}
