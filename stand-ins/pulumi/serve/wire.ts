/**
 * Property values as they travel between engine and provider: JSON, with marked maps for secrets, assets and archives and
 * one reserved string for what is not known before the deployment. Nothing here unmarks a value unless asked to.
 */
export type Value = null | boolean | number | string | Value[] | ValueMap;
export interface ValueMap {
  [key: string]: Value | undefined;
}

const KIND = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";

/** Stands for any value that is only known after the deployment. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function isMap(value: Value | undefined): value is ValueMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isSecret(value: Value | undefined): value is ValueMap {
  return isMap(value) && value[KIND] === SECRET;
}

export function isAsset(value: Value | undefined): value is ValueMap {
  return isMap(value) && value[KIND] === ASSET;
}

export function isArchive(value: Value | undefined): value is ValueMap {
  return isMap(value) && value[KIND] === ARCHIVE;
}

/** A map whose keys are properties, not the marker of a secret, an asset or an archive. */
export function isPlainMap(value: Value | undefined): value is ValueMap {
  return isMap(value) && value[KIND] === undefined;
}

/** Marks a value as secret; one that is marked already stays as it is. */
export function secret(value: Value): Value {
  return isSecret(value) ? value : { [KIND]: SECRET, value };
}

/** The value without any mark of secrecy, at any depth. */
export function reveal(value: Value | undefined): Value | undefined {
  if (isSecret(value)) return reveal(value.value);
  if (Array.isArray(value)) return value.map((item) => reveal(item) ?? null);
  if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, reveal(item)]));
  return value;
}

export function revealMap(values: ValueMap): ValueMap {
  return reveal(values) as ValueMap;
}

export function hasUnknown(value: Value | undefined): boolean {
  if (Array.isArray(value)) return value.some(hasUnknown);
  if (isMap(value)) return Object.values(value).some(hasUnknown);
  return value === UNKNOWN;
}

/** Equality as the engine sees it: keys without a value don't count, assets are equal when their hashes are. */
export function equal(a: Value | undefined, b: Value | undefined): boolean {
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]));
  }
  if (isMap(a) && isMap(b)) {
    if (a[KIND] !== b[KIND]) return false;
    if ((isAsset(a) || isArchive(a)) && a.hash !== undefined && b.hash !== undefined) return a.hash === b.hash;
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => equal(a[key], b[key]));
  }
  return a === b;
}

/** The map without keys that have no value, which protobuf's Struct can't carry. */
export function withoutUndefined<T extends Value>(value: T): T {
  if (Array.isArray(value)) return value.map((item) => withoutUndefined(item)) as T;
  if (!isMap(value)) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutUndefined(item as Value)])) as T;
}
