import { factsOf, type Observation } from "../../facts/observation";
import { installerOf } from "../../installers/installers";
import type { Site } from "../../topology/site";
import type { Host } from "../../topology/topology";

/**
 * The architecture that RKE's plan of a host's etcd names, as docker reported it: the host's own, or that of the first etcd
 * host (RKE before v1.3.0), if that one was seen; x86_64 if none was.
 */
export function architectureSeen(site: Site, seen: Observation, host: Host): string {
  const asked = [installerOf(site).architectureHost(site, host), host];
  return asked.map((h) => factsOf(seen, h)?.architecture).find(Boolean) ?? "x86_64";
}
