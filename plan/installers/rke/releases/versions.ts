/** A version as RKE reads it: semantic versioning, with or without a v before it. */
export interface Version {
  /** Major, minor, patch. */
  numbers: [number, number, number];
  /** The text behind the first hyphen, "rancher1-1" of v1.20.5-rancher1-1; empty in a final release. */
  prerelease: string;
}

const shape = /^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;

export function parseVersion(text: string): Version | undefined {
  const [, major, minor, patch, prerelease = ""] = shape.exec(text) ?? [];
  return patch === undefined ? undefined : { numbers: [Number(major), Number(minor), Number(patch)], prerelease };
}

/**
 * Below 0 if `a` is older, above 0 if it is newer. A prerelease is older than its release: RKE compares etcd's 3.4.14 as
 * newer than 3.4.14-rancher99, so an image whose tag has no suffix counts as a later version (semver.org, rule 11; RKE's
 * util.StrToSemVer).
 * @throws Error if one of the two is no version
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [versionOrThrow(a), versionOrThrow(b)];
  const differing = left.numbers.map((n, i) => n - (right.numbers[i] ?? 0)).find((d) => d !== 0);
  return differing ?? comparePrereleases(left.prerelease, right.prerelease);
}

export const isAtLeast = (version: string, since: string): boolean => compareVersions(version, since) >= 0;

/** `FIRST..LAST`, both included; `FIRST..` has no end. */
export function isInRange(version: string, range: string): boolean {
  const [first = "", last = first] = range.split("..");
  return isAtLeast(version, first) && (last === "" || compareVersions(version, last) <= 0);
}

/** "v1.20" of "v1.20.5-rancher1-1", as RKE's util.GetTagMajorVersion cuts it; empty for a tag without a dot. */
export function minorOf(tag: string): string {
  const parts = tag.split(".");
  return parts.length < 2 ? "" : parts.slice(0, 2).join(".");
}

function versionOrThrow(text: string): Version {
  const version = parseVersion(text);
  if (!version) {
    throw new Error(`is not a version like "v1.20.5-rancher1-1": ${JSON.stringify(text)}`);
  }
  return version;
}

function comparePrereleases(a: string, b: string): number {
  if (a === "" || b === "") {
    return Number(a === "") - Number(b === "");
  }
  const [left, right] = [a.split("."), b.split(".")];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const order = compareIdentifiers(left[i], right[i]);
    if (order !== 0) {
      return order;
    }
  }
  return 0;
}

function compareIdentifiers(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) {
    return Number(a !== undefined) - Number(b !== undefined);
  }
  const [numeric, otherNumeric] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (numeric !== otherNumeric) {
    return numeric ? -1 : 1;
  }
  if (numeric) {
    return Number(a) - Number(b);
  }
  return a === b ? 0 : a < b ? -1 : 1;
}
