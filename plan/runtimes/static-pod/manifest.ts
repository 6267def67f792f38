import { parse } from "yaml";
import { isMapping, type Mapping } from "../../values/mapping";
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
  const { metadata, spec } = pod;
  const containers = isMapping(spec) && Array.isArray(spec.containers) ? spec.containers.filter(isMapping) : [];
  const name = isMapping(metadata) && typeof metadata.name === "string" ? metadata.name : "";
  // kubeadm names a pod's only container after the pod; a patch may put others before it
  const own = containers.find((c) => c.name === name) ?? containers[0];
  if (name === "" || own === undefined || typeof own.image !== "string") {
    throw new Error(`${item}: has no name, or no container with an image: ${JSON.stringify(name)}`);
  }
  const command = [...words(own.command), ...words(own.args)];
  return { name, image: own.image, command, containers: containers.map((c) => String(c.name)), pod };
}

function parsed(text: string, item: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new Error(`${item}: is not YAML: ${error instanceof Error ? error.message : error}`);
  }
}

const words = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
