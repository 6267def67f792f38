import { optionsVersion } from "../installers/rke/releases/kubernetes-options";
import { defaultKubernetes, hasKubernetes, knownRke, lastRke, rkeWith } from "../installers/rke/releases/table";
import { isAtLeast } from "../installers/rke/releases/versions";
import { defaultRke } from "../topology/schema";
import { type Mapping, mapping } from "../values/mapping";
import { type Findings, isEmpty, take } from "./reading";

/**
 * RKE takes its release's default where kubernetes_version is empty, and options by the tag of system_images.kubernetes all the same
 * (cluster/plan.go getDefaultKubernetesServicesOptions), as the rendering does.
 */
export function versionsOf(clear: Mapping, given: string | undefined, found: Findings): Mapping {
  const said = take(clear, "kubernetes_version");
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
  return {
    kubernetesVersion:
      isEmpty(said) && tag !== undefined
        ? fallback
        : orDefault(said, fallback ?? "", "kubernetes_version", rkeVersion, found),
    ...(given === undefined && rkeVersion === defaultRke ? {} : { rkeVersion }),
  };
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
  const found = releases.find((rke) => has(rke) && takes(rke)) ?? releases.find(takes);
  return kubernetesVersion === undefined ? defaultRke : (found ?? defaultRke);
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
