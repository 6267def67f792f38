import { isMapping, mapping } from "../../../values/mapping";
import { placeholdersIn } from "../cluster-secrets";
import { md5 } from "./md5";

/** The part of cluster.yml's cloud_provider that kube-apiserver gets. */
export interface CloudProvider {
  /** RKE's name for it; empty if there is none. */
  name: string;
  /** Of the file /etc/kubernetes/cloud-config; undefined if RKE generates it from settings, secrets among them. */
  checksum: string | undefined;
}

/** Keys of cloud_provider and the name that each one implies (RKE's cloudprovider.InitCloudProvider); the last one wins. */
const implied: Record<string, string> = {
  awsCloudProvider: "aws",
  azureCloudProvider: "azure",
  openstackCloudProvider: "openstack",
  vsphereCloudProvider: "vsphere",
  harvesterCloudProvider: "harvester",
};

/**
 * Reads cloud_provider as RKE does: a block of a provider's settings implies its name, customCloudProvider is the file
 * itself, `aws` without settings and names that RKE doesn't know, such as external, have an empty file.
 * Source: RKE's cloudprovider/, read at v1.5.14, not recorded.
 */
export function cloudProvider(said: unknown): CloudProvider {
  const settings = mapping(said);
  const given = typeof settings.name === "string" ? settings.name : "";
  if (typeof settings.customCloudProvider === "string" && settings.customCloudProvider !== "") {
    // the file may be a secret, which only cluster.yml on the deploy hosts has
    const isKept = placeholdersIn(settings.customCloudProvider).length > 0;
    return { name: given, checksum: isKept ? undefined : md5(settings.customCloudProvider) };
  }
  const isSaid = ([key, name]: [string, string]) => isMapping(settings[key]) || name === given;
  const [block, name] = Object.entries(implied).filter(isSaid).at(-1) ?? ["", given];
  const isEmptyFile = block === "" || (name === "aws" && !isMapping(settings[block]));
  return { name, checksum: isEmptyFile ? md5("") : undefined };
}
