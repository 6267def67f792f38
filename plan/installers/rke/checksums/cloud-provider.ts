import type { Topology } from "../../../topology/topology";
import { isMapping, mapping } from "../../../values/mapping";
import { placeholdersIn } from "../cluster-secrets";
import { holds, type Rule } from "../releases/rules";
import { md5 } from "./md5";

/** The part of cluster.yml's cloud_provider that kube-apiserver gets. */
export interface CloudProvider {
  /** RKE's name for it; empty if there is none. */
  name: string;
  /** Of the file /etc/kubernetes/cloud-config; undefined if RKE generates it from settings, secrets among them. */
  checksum: string | undefined;
  /** The block of settings that RKE needs and doesn't find: it refuses, or crashes. */
  missing?: string;
}

interface Kind {
  block: string;
  /** The name that calls for the block's settings, and that the provider gets. */
  name: string;
  /** The name that the provider gets if cluster.yml says another one. */
  named: (given: string) => string;
  isOptional?: boolean;
  since?: Rule;
}

const asGiven = (otherwise: string) => (given: string) => given || otherwise;

/** RKE's kinds (cloudprovider.InitCloudProvider), in its order: the last one that is called for wins. */
const kinds: Kind[] = [
  { block: "awsCloudProvider", name: "aws", named: () => "aws", isOptional: true },
  { block: "azureCloudProvider", name: "azure", named: asGiven("azure") },
  { block: "openstackCloudProvider", name: "openstack", named: asGiven("openstack") },
  { block: "vsphereCloudProvider", name: "vsphere", named: asGiven("vsphere") },
  { block: "harvesterCloudProvider", name: "harvester", named: () => "external", since: "harvester" },
];

/**
 * Reads cloud_provider as RKE does: a block of a provider's settings calls for that provider, customCloudProvider is the file itself,
 * `aws` without settings and names that RKE doesn't know, such as external, have an empty file.
 * Source: RKE's cloudprovider/, compared with RKE v1.5.10.
 */
export function cloudProvider({ rke, rkeVersion }: Pick<Topology, "rke" | "rkeVersion">): CloudProvider {
  const settings = mapping(rke.cloud_provider);
  const given = typeof settings.name === "string" ? settings.name : "";
  if (typeof settings.customCloudProvider === "string" && settings.customCloudProvider !== "") {
    // the file may be a secret, which only cluster.yml on the deploy hosts has
    const isKept = placeholdersIn(settings.customCloudProvider).length > 0;
    const checksum = isKept ? undefined : md5(settings.customCloudProvider);
    return { name: given, checksum, ...(given === "" ? { missing: "name" } : {}) };
  }
  const kind = kinds
    .filter(({ block, name }) => isMapping(settings[block]) || name === given)
    .filter(({ since }) => since === undefined || holds(since, rkeVersion))
    .at(-1);
  if (!kind) {
    return { name: given, checksum: md5("") };
  }
  const hasBlock = isMapping(settings[kind.block]);
  return {
    name: kind.named(given),
    checksum: hasBlock || !kind.isOptional ? undefined : md5(""),
    ...(hasBlock || kind.isOptional ? {} : { missing: kind.block }),
  };
}
