import type { ReleaseTable } from "./make-table";
import recorded from "./table.json";
import { compareVersions, isAtLeast, isInRange, parseVersion } from "./versions";

const read = recorded as unknown as ReleaseTable;
/** Words that every object of JavaScript knows ("toString") are no versions. */
const versions = <T>(of: Record<string, T>): Record<string, T> => Object.assign(Object.create(null), of);
const table: ReleaseTable = {
  ...read,
  rke: versions(read.rke),
  kubernetes: versions(read.kubernetes),
  later: versions(read.later),
};

/** The RKE releases whose metadata the table holds, oldest first. */
export const knownRke: string[] = Object.keys(table.rke).sort(compareVersions);

const [oldestRke = "", newestRke = ""] = [knownRke[0], knownRke.at(-1)];

/**
 * The last release of RKE v1, after which the project was archived. Its metadata are not in the table but for the versions under
 * `later`, and nothing is recorded of it: it counts as planning like the newest release of the table.
 */
export const lastRke = "v1.8.14";

/** All versions of Kubernetes in the table, oldest first. */
export const knownKubernetes: string[] = [...Object.keys(table.kubernetes), ...Object.keys(table.later)].sort(
  compareVersions,
);

/** The images that RKE deploys for a kubernetes_version, without a registry before them. */
export interface ReleaseImages {
  etcd: string;
  hyperkube: string;
  /** Sidekick, nginx-proxy and RKE's short-lived containers. */
  tools: string;
}

/** Undefined if the table doesn't hold the version. The RKE release makes no difference: no version's images ever changed. */
export function releaseImages(kubernetesVersion: string): ReleaseImages | undefined {
  const [etcd, tools] = table.kubernetes[kubernetesVersion] ?? table.later[kubernetesVersion] ?? [];
  if (etcd === undefined || tools === undefined) {
    return undefined;
  }
  const tag = kubernetesVersion.replace(/-\d+$/, "");
  return { etcd, hyperkube: `${hyperkubeOf(kubernetesVersion)}:${tag}`, tools: `rancher/rke-tools:${tools}` };
}

/** From v1.32.7 on Rancher published the images for extended support elsewhere (releases.json, laterMetadata). */
const hyperkubeOf = (kubernetesVersion: string): string =>
  isAtLeast(kubernetesVersion, "v1.32.7-rancher1-1") ? "rke-extended-life/hyperkube" : "rancher/hyperkube";

/** The kubernetes_version that RKE takes if cluster.yml has none; undefined for a release that the table lacks. */
export const defaultKubernetes = (rkeVersion: string): string | undefined => table.rke[rkeVersion];

/**
 * True if an RKE release has this kubernetes_version in its own metadata. RKE drops no version within a line and from the
 * lines before it. For a release that the table lacks:
 * - newer than the newest one: has all that the table holds (`later` is what its metadata had in the meantime);
 * - else: has what the next newer release of the table has, since nothing in between is known.
 */
export function hasKubernetes(rkeVersion: string, kubernetesVersion: string): boolean {
  const [, , releases] = table.kubernetes[kubernetesVersion] ?? [];
  if (!isAtLeast(newestRke, rkeVersion)) {
    return releases !== undefined || kubernetesVersion in table.later;
  }
  const release = rkeVersion in table.rke ? rkeVersion : (knownRke.find((known) => isAtLeast(known, rkeVersion)) ?? "");
  return releases?.split(" ").some((range) => isInRange(release, range)) ?? false;
}

/** All versions of Kubernetes that an RKE release has, oldest first. */
export const kubernetesOf = (rkeVersion: string): string[] =>
  knownKubernetes.filter((version) => hasKubernetes(rkeVersion, version));

/** The RKE releases that have a kubernetes_version, in words: "v1.2.15 to v1.2.23, v1.3.3 and later"; empty for an unknown one. */
export function rkeWith(kubernetesVersion: string): string {
  if (kubernetesVersion in table.later) {
    return `releases after ${newestRke}`;
  }
  const [, , releases = ""] = table.kubernetes[kubernetesVersion] ?? [];
  return releases.split(" ").map(rangeWords).join(", ");
}

/** "v1.2.15 to v1.2.23" of "v1.2.15..v1.2.23"; patch 99 stands for the end of a line. */
export function rangeWords(range: string): string {
  const [first = "", last] = range.split("..");
  return last === undefined || first === last
    ? first
    : last === ""
      ? `${first} and later`
      : `${first} to ${last.replace(/\.99$/, "")}`;
}

/**
 * True if RKE's metadata hold etcd arguments for this version. For Kubernetes 1.14 to 1.16 only some versions have them; the
 * other versions get RKE's old flags without a value.
 */
export function hasOwnEtcdArguments(rkeVersion: string, kubernetesVersion: string): boolean {
  const [, , , releases] = table.kubernetes[kubernetesVersion] ?? [];
  return releases?.split(" ").some((range) => isInRange(rkeVersion, range)) ?? false;
}

/** The versions of Kubernetes next to the given one, below and above, that an RKE release has. */
export function nearestKubernetes(rkeVersion: string, kubernetesVersion: string): string[] {
  const known = kubernetesOf(rkeVersion);
  if (!parseVersion(kubernetesVersion)) {
    return known.slice(-1);
  }
  const older = known.filter((v) => compareVersions(v, kubernetesVersion) < 0);
  const newer = known.filter((v) => compareVersions(v, kubernetesVersion) > 0);
  return [older.at(-1), newer[0]].filter((v) => v !== undefined);
}

/** Why this program can't say what an RKE release plans; undefined if it can. */
export function rkeProblem(rkeVersion: string): string | undefined {
  if (!parseVersion(rkeVersion) || !rkeVersion.startsWith("v")) {
    return `is not a release of RKE, like "v1.5.14"`;
  }
  if (!isAtLeast(rkeVersion, oldestRke)) {
    return `is older than ${oldestRke}, the oldest RKE whose plans this program knows`;
  }
  return isAtLeast(rkeVersion, "v2.0.0") ? "is RKE2, which makes another kind of cluster" : undefined;
}
