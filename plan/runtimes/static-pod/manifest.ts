import { readJson } from "../../values/go-json";
import { isMapping, type Mapping, mapping } from "../../values/mapping";
import { parseYaml } from "../../values/yaml-node";
import { goYaml, type Plain } from "./go-yaml";
import type { Pod } from "./pod";

/** A manifest's text, byte by byte as kubeadm writes it (util/marshal.go MarshalToYaml). */
export const writeManifest = (pod: Pod): string => goYaml(pod as unknown as Plain);

/** The parts of a host's manifest that this program uses; the whole of it is in `pod`. */
export interface ReadManifest {
  name: string;
  image: string;
  /** The program and its arguments; `args` of a hand-made manifest follow `command`. */
  command: string[];
  /** Names of all containers: kubeadm makes one, a patch may add others. */
  containers: string[];
  pod: Mapping;
}

/**
 * Reads a manifest from a host, kubeadm's own or an edited one.
 * @throws an Error `item: rule: value` if it is no Pod with a container and a command
 */
export function readManifest(text: string, item: string): ReadManifest {
  const pod = parsed(text, item);
  if (!isMapping(pod) || pod.kind !== "Pod") {
    throw new Error(`${item}: is not a Pod: ${JSON.stringify(isMapping(pod) ? pod.kind : pod)}`);
  }
  const containers = containersOf(pod);
  const own = mainContainer(pod);
  const { name = "" } = mapping(pod.metadata);
  if (typeof name !== "string" || name === "" || own === undefined || typeof own.image !== "string") {
    throw new Error(`${item}: has no name, or no container with an image: ${JSON.stringify(name)}`);
  }
  const command = [...words(own.command), ...words(own.args)];
  return { name, image: own.image, command, containers: containers.map((c) => String(c.name)), pod };
}

const containersOf = (pod: Mapping): Mapping[] => {
  const { containers } = mapping(pod.spec);
  return Array.isArray(containers) ? containers.filter(isMapping) : [];
};

/** The container that kubeadm made: it is named as the pod. A patch may put others before it, and kubeadm's own patches of a list do. */
export const mainContainer = (pod: Mapping): Mapping | undefined =>
  containersOf(pod).find((c) => c.name === mapping(pod.metadata).name) ?? containersOf(pod)[0];

/** As the kubelet reads it: sigs.k8s.io/yaml, which is YAML 1.1. */
function parsed(text: string, item: string): unknown {
  try {
    const { first } = parseYaml(text);
    return first === undefined ? null : readJson(first);
  } catch (error) {
    throw new Error(`${item}: ${error instanceof Error ? error.message : error}`);
  }
}

const words = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
