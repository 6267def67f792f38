import { otherImages } from "../installers/rke/images";
import { optionsVersion } from "../installers/rke/releases/kubernetes-options";
import {
  defaultKubernetes,
  hasKubernetes,
  knownKubernetes,
  knownRke,
  lastRke,
  rkeWith,
} from "../installers/rke/releases/table";
import { compareVersions, isAtLeast, minorOf, parseVersion } from "../installers/rke/releases/versions";
import { defaultRke } from "../topology/schema";
import { type Mapping, mapping } from "../values/mapping";
import { type Findings, isEmpty, take } from "./reading";
import type { RunningState } from "./running-state";

/**
 * RKE takes its release's default where kubernetes_version is empty, and options by the tag of system_images.kubernetes all the same
 * (cluster/plan.go getDefaultKubernetesServicesOptions), as the rendering does.
 *
 * @param clear cluster.yml; system_images gets the images that only `state` knows
 */
export function versionsOf(
  clear: Mapping,
  given: string | undefined,
  state: RunningState | undefined,
  found: Findings,
): Mapping {
  const said = deployedVersion(take(clear, "kubernetes_version"), state, found);
  const image = mapping(clear.system_images).kubernetes;
  const [, tag] = /:(v\d+\.\d+\.\d+[^:/]*)$/.exec(String(image ?? "")) ?? [];
  const byTag = tag && `${tag}-1`;
  const wanted = isEmpty(said) ? byTag : String(said);
  const rkeVersion = given ?? likelyRke(wanted, tag);
  if (given === undefined) {
    found.notes.push(releaseNote(rkeVersion, wanted));
  }
  const own = defaultKubernetes(rkeVersion);
  const fallback = own ?? byTag;
  if (isEmpty(said) && fallback === undefined) {
    found.errors.push(
      `kubernetes_version: is missing, and the default of RKE ${rkeVersion} is not known: write the version that runs: nothing`,
    );
  }
  if (isEmpty(said) && tag !== undefined) {
    found.notes.push(
      own === undefined
        ? `kubernetes_version: cluster.yml doesn't say, and the default of RKE ${rkeVersion} isn't known; ${byTag} by the tag of ${image}`
        : `kubernetes_version: cluster.yml doesn't say; RKE ${rkeVersion} takes ${own}, its images from system_images, and options by the tag of ${image}`,
    );
  }
  const kubernetesVersion =
    isEmpty(said) && tag !== undefined
      ? fallback
      : orDefault(said, fallback ?? "", "kubernetes_version", rkeVersion, found);
  if (state?.images !== undefined && state.kubernetesVersion === kubernetesVersion) {
    takeImages(clear, { rkeVersion, kubernetesVersion: String(kubernetesVersion) }, state.images, found);
  }
  return { kubernetesVersion, ...(given === undefined && rkeVersion === defaultRke ? {} : { rkeVersion }) };
}

/** kubernetes_version of cluster.yml; if that has none, the one that RKE deployed last. */
function deployedVersion(said: unknown, state: RunningState | undefined, found: Findings): unknown {
  const deployed = state?.kubernetesVersion;
  if (deployed === undefined || said === deployed) {
    return said;
  }
  found.notes.push(
    isEmpty(said)
      ? `kubernetes_version: cluster.yml doesn't say; ${deployed} is what RKE deployed last, by its state file`
      : `kubernetes_version: ${said}, but RKE deployed ${deployed} last, by its state file: the next \`rke up\` changes what runs`,
  );
  return isEmpty(said) ? deployed : said;
}

/** Puts those images into system_images that RKE took, by its state, and that this program wouldn't. */
function takeImages(
  clear: Mapping,
  versions: { rkeVersion: string; kubernetesVersion: string },
  taken: Record<string, string>,
  found: Findings,
): void {
  const other = otherImages({ ...versions, rke: clear }, taken);
  if (Object.keys(other).length === 0) {
    return;
  }
  clear.system_images = { ...mapping(clear.system_images), ...other };
  const isKnown = knownKubernetes.includes(versions.kubernetesVersion);
  found.notes.push(
    `rke.system_images: ${Object.keys(other).join(", ")} from RKE's state file, since ${isKnown ? "RKE took others than this program knows" : `this program doesn't know ${versions.kubernetesVersion}; arguments are those of the nearest version, and preview compares them with what runs`}. An upgrade must change them, too`,
  );
}

/**
 * The usual release of RKE, unless it can't have made the cluster: then the oldest that has the version and arguments for the
 * image, or only those.
 */
function likelyRke(kubernetesVersion: string | undefined, tag: string | undefined): string {
  const releases = [defaultRke, ...knownRke, lastRke];
  const has = (rke: string) => kubernetesVersion !== undefined && hasKubernetes(rke, kubernetesVersion);
  const takes = (rke: string) => {
    const version = kubernetesVersion ?? defaultKubernetes(rke) ?? "";
    return optionsVersion(rke, version, tag ?? version) !== undefined;
  };
  // a version newer than those in the table comes from a release newer than those that have its neighbours
  const others = kubernetesVersion !== undefined && isNew(kubernetesVersion) ? releases.reverse() : releases;
  const found = releases.find((rke) => has(rke) && takes(rke)) ?? others.find(takes);
  return kubernetesVersion === undefined ? defaultRke : (found ?? defaultRke);
}

function isNew(kubernetesVersion: string): boolean {
  const line = knownKubernetes.filter((known) => minorOf(known) === minorOf(kubernetesVersion));
  return (
    parseVersion(kubernetesVersion) !== undefined &&
    line.every((known) => compareVersions(known, kubernetesVersion) < 0)
  );
}

function releaseNote(rkeVersion: string, kubernetesVersion: string | undefined): string {
  const has = kubernetesVersion === undefined ? "" : rkeWith(kubernetesVersion);
  const newest = knownRke.at(-1) ?? "";
  return [
    `rkeVersion: cluster.yml doesn't say which RKE runs; ${rkeVersion} is taken, --rke-version says otherwise`,
    ...(has === "" ? [] : [` (${kubernetesVersion} is in RKE ${has})`]),
    ...(isAtLeast(newest, rkeVersion)
      ? []
      : [`; no plan of a release after ${newest} is recorded: it counts as planning like ${newest}`]),
  ].join("");
}

/** @param fallback the release's own value if cluster.yml has none; a note says that it was taken */
export function orDefault(
  value: unknown,
  fallback: string,
  item: string,
  rkeVersion: string,
  found: Findings,
): unknown {
  if (!isEmpty(value)) {
    return value;
  }
  found.notes.push(`${item}: cluster.yml doesn't say; RKE ${rkeVersion} takes ${fallback}`);
  return fallback;
}
