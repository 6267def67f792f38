import type { Reachable } from "../facts/facts";
import type { Topology } from "../topology/topology";
import type { Versions } from "./known-faults";
import { imagesOf, versionOf } from "./rke/images";
import { areImagesKnown } from "./rke/releases/problems";

/** The versions that a topology declares: Docker's is the hosts' own affair. */
export function declaredVersions(topology: Topology): Versions {
  const kubelet = { kubelet: topology.kubernetesVersion };
  if (topology.installer !== "rke") {
    return kubelet;
  }
  const etcd = areImagesKnown(topology) ? versionOf(imagesOf(topology).etcd) : undefined;
  return { ...kubelet, rke: topology.rkeVersion, ...(etcd === undefined ? {} : { etcd }) };
}

/** The same with what a host reports: its etcd's own word comes before the image's tag. */
export function versionsOn(topology: Topology, facts: Reachable | undefined): Versions {
  const etcd = facts?.etcd?.version;
  const docker = facts?.tools.runtime;
  return { ...declaredVersions(topology), ...(etcd ? { etcd } : {}), ...(docker ? { docker } : {}) };
}
