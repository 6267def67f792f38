import { reservedArguments } from "../../../topology/reserved-arguments";
import type { Topology } from "../../../topology/topology";
import { flagOf } from "../../../values/etcd-variables";
import { isMapping } from "../../../values/mapping";
import { imagesOf, isImage, servicesVersion, tagOf, unsaidImages, versionOf } from "../images";
import { at } from "../modelled-keys";
import { texts } from "../settings";
import { etcdOptions } from "./kubernetes-options";
import { refusedSettings } from "./refused-settings";
import { holds } from "./rules";
import { hasKubernetes, nearestKubernetes, releaseImages, rkeProblem, rkeWith } from "./table";
import { isAtLeast, parseVersion } from "./versions";

type Cluster = Pick<Topology, "rke" | "rkeVersion" | "kubernetesVersion">;

/** True if images are known for the version: RKE's own, or all of them named by `rke: system_images`. */
export const areImagesKnown = (cluster: Cluster): boolean =>
  parseVersion(cluster.kubernetesVersion) !== undefined &&
  (releaseImages(cluster.kubernetesVersion) !== undefined || unsaidImages(cluster).length === 0);

/** Problems of the RKE release, of kubernetesVersion and of the two together, each as `item: rule: value`. */
export function releaseProblems(cluster: Cluster): string[] {
  const rke = rkeProblem(cluster.rkeVersion);
  if (rke !== undefined) {
    return [`topology.rkeVersion: ${rke}: ${JSON.stringify(cluster.rkeVersion)}`];
  }
  const problems = versionProblems(cluster);
  return [
    ...problems,
    ...(problems.length === 0
      ? [...tagProblems(cluster), ...serviceProblems(cluster), ...refusedSettings(cluster)]
      : []),
    ...argumentProblems(cluster),
  ];
}

/** RKE takes a version that it doesn't know only if system_images says all images (cluster/validation.go validateVersion). */
function versionProblems(cluster: Cluster): string[] {
  const { rkeVersion, kubernetesVersion } = cluster;
  const unsaid = unsaidImages(cluster);
  if (parseVersion(kubernetesVersion) && (hasKubernetes(rkeVersion, kubernetesVersion) || unsaid.length === 0)) {
    return [];
  }
  const near = nearestKubernetes(rkeVersion, kubernetesVersion).join(" and ");
  const images =
    unsaid.length < 3
      ? `rke: system_images lacks ${unsaid.join(" and ")}`
      : "or say its images under rke: system_images";
  const rule = releaseImages(kubernetesVersion)
    ? `is not in RKE ${rkeVersion}, but in ${rkeWith(kubernetesVersion)} (is rkeVersion the release that runs? The nearest`
    : "is not a version that this program knows (the nearest";
  return [
    `topology.kubernetesVersion: ${rule} in RKE ${rkeVersion}: ${near}; ${images}): ${JSON.stringify(kubernetesVersion)}`,
  ];
}

/**
 * RKE reads versions from the tags of the images for etcd and, since v1.3.3, for Kubernetes, and crashes if there are none or if the
 * images are no references as docker reads them (util.StrToSemVer, GetImageTagFromImage).
 */
function tagProblems(cluster: Cluster): string[] {
  const { etcd, hyperkube } = imagesOf(cluster);
  const told = (key: string, rule: string, image: string) =>
    `topology.rke.system_images.${key}: ${rule}: ${JSON.stringify(image)}`;
  const tagRule = "its tag is not a version, and RKE crashes without one";
  const needsVersion = holds("hyperkubeVersion", cluster.rkeVersion);
  if (![etcd, hyperkube].every(isImage)) {
    return [etcd, hyperkube]
      .filter((image) => !isImage(image))
      .slice(0, 1)
      .map(
        (image) =>
          `topology.rke: system_images and the default of private_registries make an image that is none, and RKE crashes: ${JSON.stringify(image)}`,
      );
  }
  return [
    ...(parseVersion(tagOf(etcd)) ? [] : [told("etcd", tagRule, etcd)]),
    ...(tagOf(hyperkube) === ""
      ? [told("kubernetes", "has no tag, and RKE crashes without one", hyperkube)]
      : needsVersion && !parseVersion(tagOf(hyperkube))
        ? [told("kubernetes", tagRule, hyperkube)]
        : []),
  ];
}

/** Arguments that RKE would give to etcd or Kubernetes, and that the image doesn't take. */
function serviceProblems(cluster: Cluster): string[] {
  const { etcd, hyperkube } = imagesOf(cluster);
  const version = servicesVersion(cluster);
  if (version === undefined) {
    const isSaid = at(cluster.rke, "system_images.kubernetes") !== undefined;
    const [item, value] = isSaid
      ? ["rke.system_images.kubernetes", hyperkube]
      : ["kubernetesVersion", cluster.kubernetesVersion];
    return [
      `topology.${item}: RKE ${cluster.rkeVersion} has no arguments for this minor version and refuses it: ${JSON.stringify(value)}`,
    ];
  }
  const asksForV2 = etcdOptions(cluster.rkeVersion, version)?.["enable-v2"] !== undefined;
  const isWithoutV2 = parseVersion(tagOf(etcd)) !== undefined && isAtLeast(tagOf(etcd), "v3.6.0");
  return isWithoutV2 && (asksForV2 || !holds("membersByV3", cluster.rkeVersion))
    ? [
        `topology.rke.system_images.etcd: etcd ${versionOf(etcd)} has no v2 API, which RKE ${cluster.rkeVersion} asks of it (--enable-v2, /v2/members): ${JSON.stringify(etcd)}`,
      ]
    : [];
}

/** extra_args_array and etcd's extra_env can say again what must stay RKE's. */
function argumentProblems({ rke, rkeVersion }: Cluster): string[] {
  const variables = texts(at(rke, "services.etcd.extra_env"))
    .filter((variable) => reservedArguments.etcd.test(flagOf(variable) ?? ""))
    .map(
      (variable) =>
        `topology.rke.services.etcd.extra_env: --${flagOf(variable)} must stay RKE's, also as a variable: ${JSON.stringify(variable)}`,
    );
  const services = [
    ["etcd", reservedArguments.etcd],
    ["kube-api", reservedArguments.kubeApi],
  ] as const;
  const lists = services.flatMap(([service, reserved]) => {
    const path = `services.${service}.extra_args_array`;
    const said = at(rke, path);
    return isMapping(said) && holds("argumentLists", rkeVersion)
      ? Object.keys(said)
          .filter((name) => reserved.test(name))
          .map(
            (name) =>
              `topology.rke.${path}.${name}: is an argument that must stay RKE's: ${JSON.stringify(said[name])}`,
          )
      : [];
  });
  return [...lists, ...variables];
}
