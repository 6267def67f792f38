import type { Site } from "../../topology/site";
import { holds } from "./releases/rules";

/**
 * The argument of step `rke-up` by which RKE finds nothing to restart in the releases whose checksums leak: the number of etcd hosts that
 * are control plane hosts, too (on-host/installers/rke/lib/checksums.sh says why). Empty in all other releases.
 */
export function checksumCopies({ rkeVersion, voters, controlPlane }: Site): string[] {
  const both = voters.filter((voter) => controlPlane.some((host) => host.name === voter.name));
  return holds("leakingChecksums", rkeVersion) ? [`--checksums=${both.length}`] : [];
}
