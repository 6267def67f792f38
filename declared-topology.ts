import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseTopology } from "./plan/declaration/declaration";
import type { Topology } from "./plan/topology/topology";
import { isMapping } from "./plan/values/mapping";
import { readAsEngine } from "./plan/values/yaml-engine";

/**
 * A topology as `rke-dr:topology` declares it: as a whole, or by the path of a file that has it, in the project's folder or below.
 * @param declared the key's value
 * @param project the folder of the Pulumi project
 * @throws an Error that names the key or the file; a TopologyError that lists all problems of the topology
 */
export const declaredTopology = (declared: unknown, project: string): Topology =>
  parseTopology(wholeTopology(declared, project));

/**
 * The same before it is checked and its defaults are filled in.
 * @throws an Error that names the key or the file
 */
export function wholeTopology(declared: unknown, project: string): unknown {
  if (typeof declared !== "string") return declared;
  if (!/^[\w.-]+(\/[\w.-]+)*\.ya?ml$/.test(declared) || declared.split("/").includes("..")) {
    throw new Error(
      `rke-dr:topology: must be a topology, or the path of its file below the project's folder, such as topologies/NAME.yaml: ${JSON.stringify(declared)}`,
    );
  }
  const path = join(project, declared);
  return topologyIn(readProject(path, readText(path, `rke-dr:topology: ${declared}`)));
}

/**
 * Reads the topology of a Pulumi.yaml (`config.topology.value`), of a file with the key `topology`, or of a file that is a
 * topology as a whole. Pulumi.yaml may name another file instead.
 * @throws an Error that names the file; a TopologyError that lists all problems of the topology
 */
export const readTopologyFile = (path: string): Topology =>
  declaredTopology(topologyIn(readProject(path, readText(path, path))), dirname(path));

/**
 * A project's or a stack's file, read as the engine reads it: else what is reviewed wouldn't be what runs.
 * @throws an Error that names the file and all that is wrong
 */
export function readProject(path: string, text: string): unknown {
  try {
    return readAsEngine(text);
  } catch (error) {
    const lines = (error instanceof Error ? error.message : String(error)).split("\n");
    throw new Error(
      lines.length === 1 ? `${path}: ${lines[0]}` : `${path}:\n${lines.map((line) => `  ${line}`).join("\n")}`,
    );
  }
}

/** @param item how a message names the file */
function readText(path: string, item: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`${item}: can't be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function topologyIn(document: unknown): unknown {
  if (!isMapping(document)) {
    return document;
  }
  const config = isMapping(document.config) ? document.config : {};
  const declared = config.topology ?? config["rke-dr:topology"];
  if (declared !== undefined) {
    return isMapping(declared) && "value" in declared ? declared.value : declared;
  }
  return "topology" in document ? document.topology : document;
}
