/** The releases of RKE and their versions of Kubernetes, by the recording of RKE's own metadata. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LabError } from "../machine/run";
import type { ReleaseImages } from "./images";
import { DEBIAN_ETCD, ETCD_LINES, ETCD_VERSIONS } from "./programs";

/** What a topology has that says neither. */
export const USUAL_RKE = "v1.2.7";
export const USUAL_KUBERNETES = "v1.20.5-rancher1-1";

interface Recording {
  rke: Record<string, { default: string }>;
  releases: Record<string, ReleaseImages[]>;
  laterMetadata: Record<string, ReleaseImages>;
}

let read: Recording | undefined;
function recording(): Recording {
  read ??= JSON.parse(
    readFileSync(join(__dirname, "../../test/golden/rke-releases/releases.json"), "utf8"),
  ) as Recording;
  return read;
}

/** @throws LabError for a version that no recorded RKE release has */
export function releaseImages(kubernetesVersion: string): ReleaseImages {
  const { releases, laterMetadata } = recording();
  const found = releases[kubernetesVersion]?.[0] ?? laterMetadata[kubernetesVersion];
  if (!found?.etcd)
    throw new LabError(`kubernetesVersion: must be one that RKE's metadata hold, is "${kubernetesVersion}"`);
  const { etcd, kubernetes, tools, pause } = found;
  return { etcd, kubernetes, tools, pause };
}

/** The kubernetes_version that an RKE release takes by default. @throws LabError for a release that isn't recorded */
export function defaultKubernetes(rke: string): string {
  const found = recording().rke[rke];
  if (!found) throw new LabError(`--rke: must be a recorded release of RKE, as v1.5.14, is "${rke}"`);
  return found.default;
}

/** The version in the name of etcd's image, "3.5.10" of "rancher/mirrored-coreos-etcd:v3.5.10". */
export const imageEtcd = (kubernetesVersion: string): string =>
  /:v?(\d+\.\d+\.\d+)/.exec(releaseImages(kubernetesVersion).etcd)?.[1] ?? "";

/**
 * The etcd of a lab: the one asked for; else Debian's for the usual version, whose 3.4.14 would have to be built; else the
 * version that the image of etcd has.
 * @throws LabError if the lab can't build that
 */
export function etcdFor(kubernetesVersion: string, asked?: string): string {
  if (asked !== undefined) return ETCD_LINES[asked] ?? asked;
  if (kubernetesVersion === USUAL_KUBERNETES) return DEBIAN_ETCD;
  const version = imageEtcd(kubernetesVersion);
  if (ETCD_VERSIONS.includes(version)) return version;
  const known = ETCD_VERSIONS.join(", ");
  throw new LabError(
    `--etcd: must be given, since the etcd ${version} of ${kubernetesVersion} is none of those that the lab has: ${known}`,
  );
}

/** The newest release of each line of RKE, v1.2 to v1.7, oldest first. */
export function newestOfEachLine(): string[] {
  const newest = new Map<string, string>();
  const patch = (release: string) => Number(/^v\d+\.\d+\.(\d+)/.exec(release)?.[1]);
  for (const release of Object.keys(recording().rke)) {
    const line = release.split(".").slice(0, 2).join(".");
    const known = newest.get(line);
    if (known === undefined || patch(release) > patch(known)) newest.set(line, release);
  }
  return [...newest.values()].sort();
}
