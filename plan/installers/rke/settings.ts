import type { Topology } from "../../topology/topology";
import { cleanPath } from "../../values/clean-path";
import { isMapping } from "../../values/mapping";
import { at } from "./modelled-keys";
import { holds } from "./releases/rules";
import { isAtLeast } from "./releases/versions";

type Cluster = Pick<Topology, "rke" | "rkeVersion" | "kubernetesVersion">;

/** Additions of cluster.yml to a service's process besides its extra_args (RKE's types/rke_types.go BaseService). */
export interface ServiceAdditions {
  /** extra_args_array: each value is an argument of its own, even if the command already has one of that name. */
  arguments: string[];
  binds: string[];
  /** NAME=value */
  env: string[];
}

/** Reads `services.etcd` or `services.kube-api` under the topology's `rke:`. */
export function serviceAdditions(cluster: Cluster, service: "etcd" | "kube-api"): ServiceAdditions {
  const said = (key: string) => at(cluster.rke, `services.${service}.${key}`);
  const lists = said("extra_args_array");
  const known = isMapping(lists) && holds("argumentLists", cluster.rkeVersion) ? lists : {};
  return {
    arguments: Object.entries(known).flatMap(([name, values]) => texts(values).map((value) => `--${name}=${value}`)),
    binds: texts(said("extra_binds")),
    env: texts(said("extra_env")),
  };
}

/** The scalars of a list as text; none if the value isn't a list. */
export const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** Each entry once, in its order (RKE's getUniqStringList). */
export function uniqueList(entries: string[], rkeVersion: string): string[] {
  const list = holds("trimmedLists", rkeVersion)
    ? entries.map((entry) => entry.trim()).filter((e) => e !== "")
    : entries;
  return [...new Set(list)];
}

/**
 * One of RKE's own binds. It stands below `prefix_path`, and keeps its SELinux mark in old releases only (RKE's
 * BuildEtcdProcess, BuildKubeAPIProcess). RKE puts /opt/rke before it by itself on RancherOS, CoreOS and Flatcar, and
 * /mnt/sda1/rke on boot2docker (hosts/hosts.go SetPrefixPath); that isn't modelled, since it follows from the host.
 */
export function ownBind(cluster: Cluster, path: string, inside = path, isMarked = true): string {
  const prefix = at(cluster.rke, "prefix_path");
  const outside = cleanPath(`${typeof prefix === "string" ? prefix : ""}/${path}`);
  const keepsMark = isMarked && !areUnmarked(cluster);
  return `${outside}:${inside}${keepsMark ? ":z" : ""}`;
}

const areUnmarked = ({ rkeVersion, kubernetesVersion }: Cluster): boolean =>
  holds("unmarkedBinds", rkeVersion) && isAtLeast(kubernetesVersion, "v1.22.0-rancher0");
