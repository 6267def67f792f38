import type { Topology } from "../../topology/topology";
import { at } from "./modelled-keys";
import { isAtLeast, parseVersion } from "./releases/versions";

/** What RKE needs for a service range of each family (cluster/validation.go validateNetworkOptions), each as `item: rule: value`. */
export function dualStackProblems({
  rke,
  rkeVersion,
  serviceCidr,
}: Pick<Topology, "rke" | "rkeVersion" | "serviceCidr">): string[] {
  const plugin = at(rke, "network.plugin") ?? "";
  if (!serviceCidr.includes(",")) {
    return [];
  }
  if (parseVersion(rkeVersion) && !isAtLeast(rkeVersion, "v1.3.0")) {
    return [`topology.serviceCidr: RKE ${rkeVersion} takes one range, v1.3.0 and later two: "${serviceCidr}"`];
  }
  return plugin === "calico" || plugin === "aci"
    ? []
    : [
        `topology.rke.network.plugin: is neither calico nor aci, and RKE refuses two service ranges with any other: ${JSON.stringify(plugin || "canal")}`,
      ];
}
