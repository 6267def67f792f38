import type { Topology } from "../../topology/topology";
import { isMapping } from "../../values/mapping";
import { at } from "./modelled-keys";
import { optionsVersion } from "./releases/kubernetes-options";
import { releaseImages } from "./releases/table";

type Cluster = Pick<Topology, "rkeVersion" | "kubernetesVersion" | "rke">;

/** The images of what this program starts. */
export interface Images {
  etcd: string;
  hyperkube: string;
  /** Of service-sidekick, nginx-proxy and what RKE runs for a moment; it has a chroot. */
  tools: string;
}

/** The keys of `system_images` in cluster.yml and in cluster.rkestate. */
const keys = {
  etcd: ["etcd", "etcd"],
  hyperkube: ["kubernetes", "kubernetes"],
  tools: ["kubernetes_services_sidecar", "kubernetesServicesSidecar"],
} as const;

/**
 * The images that RKE takes: each one that `rke: system_images` says, else its release's own, which a default private
 * registry serves under its own address (cluster/defaults.go setClusterImageDefaults).
 * @throws Error if the release's table lacks kubernetesVersion and `system_images` doesn't say all three
 */
export function imagesOf(topology: Cluster): Images {
  const release = releaseImages(topology.kubernetesVersion);
  const image = (part: keyof Images): string => {
    const said = at(topology.rke, `system_images.${keys[part][0]}`);
    if (typeof said === "string" && said !== "") {
      return said;
    }
    if (!release) {
      throw new Error(`no image for ${part} is known for Kubernetes ${topology.kubernetesVersion}`);
    }
    return [...defaultRegistry(topology), release[part]].join("/");
  };
  return { etcd: image("etcd"), hyperkube: image("hyperkube"), tools: image("tools") };
}

/** The keys of `rke: system_images` that this program needs and that aren't said. */
export const unsaidImages = ({ rke }: Pick<Topology, "rke">): string[] =>
  Object.values(keys)
    .map(([key]) => key)
    .filter((key) => typeof at(rke, `system_images.${key}`) !== "string" || at(rke, `system_images.${key}`) === "");

/**
 * The images that cluster.rkestate holds, as `system_images` of cluster.yml would say them: RKE wrote there what it took,
 * private registry included, also for a version that is newer than this program's table.
 *
 * @param state cluster.rkestate as JSON
 * @returns undefined if it lacks one of the images that this program needs
 */
export function systemImagesOf(state: unknown): Record<string, string> | undefined {
  const found = ["currentState", "desiredState"]
    .map((half) => at(state, `${half}.rkeConfig.systemImages`))
    .find((images) => isMapping(images));
  const pairs = Object.values(keys).map(([yml, json]) => [yml, at(found, json)] as const);
  const whole = pairs.filter(
    (pair): pair is [(typeof pair)[0], string] => typeof pair[1] === "string" && pair[1] !== "",
  );
  return whole.length === pairs.length ? Object.fromEntries(whole) : undefined;
}

/** Those images of `taken`, by the keys of `system_images`, that RKE wouldn't take by the topology: all of them if it knows none. */
export function otherImages(topology: Cluster, taken: Record<string, string>): Record<string, string> {
  const isKnown = releaseImages(topology.kubernetesVersion) !== undefined || unsaidImages(topology).length === 0;
  const own = isKnown ? imagesOf(topology) : undefined;
  const known = new Map(Object.entries(keys).map(([part, [key]]) => [key as string, own?.[part as keyof Images]]));
  return Object.fromEntries(Object.entries(taken).filter(([key, image]) => known.get(key) !== image));
}

/** The version of Kubernetes whose arguments RKE takes for its services; undefined if RKE knows none and refuses. */
export const servicesVersion = (topology: Cluster): string | undefined =>
  optionsVersion(topology.rkeVersion, topology.kubernetesVersion, tagOf(imagesOf(topology).hyperkube));

function defaultRegistry({ rke }: Pick<Topology, "rke">): string[] {
  const registries = Array.isArray(rke.private_registries) ? rke.private_registries : [];
  const chosen: unknown = registries.find((r) => at(r, "is_default") === true);
  const url = at(chosen, "url");
  return typeof url === "string" && url !== "" ? [url] : [];
}

/**
 * True for an image's name as docker reads it (github.com/docker/distribution/reference): a path of small letters, perhaps with a registry
 * before it, which has a dot or a port or is localhost, and a tag and a digest behind it.
 */
export function isImage(image: string): boolean {
  const [first = "", ...rest] = image.split("/");
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const path = (hasRegistry ? rest : [first, ...rest]).join("/");
  return (
    (!hasRegistry || /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d+)?$/.test(first)) &&
    /^[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)*(:\w[\w.-]{0,127})?(@[\w+.:-]+)?$/.test(path)
  );
}

/** The tag of an image, "v3.4.14-rancher1" of "registry:5000/rancher/coreos-etcd:v3.4.14-rancher1"; empty if it has none. */
export const tagOf = (image: string): string => /:([^/:@]+)(@[^/]*)?$/.exec(image)?.[1] ?? "";

/** The version in an image's tag, "3.4.14" of "rancher/coreos-etcd:v3.4.14-rancher1"; undefined if the tag has none. */
export const versionOf = (image: string): string | undefined => /:v?(\d+\.\d+\.\d+)[^/]*$/.exec(image)?.[1];
