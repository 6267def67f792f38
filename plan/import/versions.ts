import { defaultKubernetes, hasKubernetes, knownRke, kubernetesOf, rkeWith } from "../installers/rke/releases/table";
import { minorOf } from "../installers/rke/releases/versions";
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
  const wanted = isEmpty(said) ? tag && `${tag}-1` : String(said);
  const rkeVersion = given ?? oldestWith(wanted);
  if (given === undefined) {
    const has = wanted === undefined ? "" : rkeWith(wanted);
    found.notes.push(
      `rkeVersion: cluster.yml doesn't say which RKE runs; ${rkeVersion} is taken, --rke-version says otherwise${has === "" || wanted === undefined ? "" : ` (${wanted} is in RKE ${has})`}`,
    );
  }
  const fallback = defaultKubernetes(rkeVersion);
  if (isEmpty(said) && fallback === undefined) {
    found.errors.push(
      `kubernetes_version: is missing, and the default of RKE ${rkeVersion} is not known: write the version that runs: nothing`,
    );
  }
  if (isEmpty(said) && tag !== undefined) {
    found.notes.push(
      `kubernetes_version: cluster.yml doesn't say; RKE ${rkeVersion} takes ${fallback}, its images from system_images, and options by the tag of ${image}`,
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

/** The usual release, unless it can't have made the cluster: then the oldest that has the version, or one of the same minor version. */
function oldestWith(kubernetesVersion: string | undefined): string {
  if (kubernetesVersion === undefined || hasKubernetes(defaultRke, kubernetesVersion)) {
    return defaultRke;
  }
  const minor = minorOf(kubernetesVersion);
  const others = [
    knownRke.find((rke) => hasKubernetes(rke, kubernetesVersion)),
    [defaultRke, ...knownRke].find((rke) => kubernetesOf(rke).some((version) => minorOf(version) === minor)),
  ];
  return others.find((rke) => rke !== undefined) ?? defaultRke;
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
