import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseTopology } from "../plan/declaration/declaration";
import type { Topology } from "../plan/topology/topology";
import { isMapping, mapping } from "../plan/values/mapping";
import { readAsEngine } from "../plan/values/yaml-engine";

/**
 * Reads the topology of a Pulumi.yaml (`config.topology.value`), of a file with the key `topology`, or of a file that is a
 * topology as a whole.
 * @throws an Error that names the file; a TopologyError that lists all problems of the topology
 */
export function readTopologyFile(path: string): Topology {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`${path}: can't be read (${(error as NodeJS.ErrnoException).code})`);
  }
  return parseTopology(topologyIn(readProject(path, text)));
}

/**
 * The settings of a stack, by their keys such as "rke-dr:lost"; none if the project has no file for it.
 * @param stack its name, also as ORGANIZATION/PROJECT/STACK
 */
export function stackConfig(project: string, stack: string): Record<string, unknown> {
  const path = join(project, `Pulumi.${stack.split("/").at(-1)}.yaml`);
  return existsSync(path) ? mapping(mapping(readProject(path, readFileSync(path, "utf8"))).config) : {};
}

/** Options of a command on a cluster, for parseArgs: the folder of its Pulumi project, or a topology by itself. */
export const topologyOptions = {
  project: { type: "string", default: join(__dirname, "..") },
  topology: { type: "string" },
} as const;

/** The topology that such a command is for: a stack's, unless one was named. */
export const chosenTopology = (
  { project, topology }: { project: string; topology?: string | undefined },
  stack: "primary" | "failover",
): Topology => (topology === undefined ? stackTopology(project, stack) : readTopologyFile(topology));

/** The topology as a stack sees it: one among its own settings replaces the project's. */
export function stackTopology(project: string, stack: string): Topology {
  const own = stackConfig(project, stack)["rke-dr:topology"];
  return own === undefined ? readTopologyFile(join(project, "Pulumi.yaml")) : parseTopology(own);
}

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
