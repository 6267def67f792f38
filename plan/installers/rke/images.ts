import type { Topology } from "../../topology/topology";
import { at } from "./modelled-keys";
import { releaseOf } from "./releases";

/**
 * The images that RKE takes: those of `rke: system_images`, else its release's own, which a default private registry serves
 * under its own address (cluster/defaults.go setClusterImageDefaults).
 */
export function imagesOf(topology: Pick<Topology, "kubernetesVersion" | "rke">): {
  etcd: string;
  hyperkube: string;
  /** Of service-sidekick, nginx-proxy and what RKE runs for a moment; it has a chroot. */
  tools: string;
} {
  const release = releaseOf(topology.kubernetesVersion);
  const image = (key: string, own: string) => {
    const said = at(topology.rke, `system_images.${key}`);
    return typeof said === "string" && said !== "" ? said : [...defaultRegistry(topology), own].join("/");
  };
  return {
    etcd: image("etcd", release.etcdImage),
    hyperkube: image("kubernetes", release.hyperkubeImage),
    tools: image("kubernetes_services_sidecar", release.toolsImage),
  };
}

function defaultRegistry({ rke }: Pick<Topology, "rke">): string[] {
  const registries = Array.isArray(rke.private_registries) ? rke.private_registries : [];
  const chosen: unknown = registries.find((r) => at(r, "is_default") === true);
  const url = at(chosen, "url");
  return typeof url === "string" && url !== "" ? [url] : [];
}

/** The version in an image's tag, "3.4.14" of "rancher/coreos-etcd:v3.4.14-rancher1"; undefined where the tag has none. */
export const versionOf = (image: string): string | undefined => /:v?(\d+\.\d+\.\d+)[^/]*$/.exec(image)?.[1];
