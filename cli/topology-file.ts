import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { parseTopology } from "../plan/declaration/declaration";
import type { Topology } from "../plan/topology/topology";
import { isMapping } from "../plan/values/mapping";

/**
 * Reads the topology of a Pulumi.yaml (`config.topology.value`), of a file with the key `topology`, or one that stands
 * alone in its file.
 * @throws an Error that names the file; a TopologyError that tells all that is wrong with the topology
 */
export function readTopologyFile(path: string): Topology {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`${path}: can't be read (${(error as NodeJS.ErrnoException).code})`);
  }
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw new Error(`${path}: is not YAML: ${error instanceof Error ? error.message : error}`);
  }
  return parseTopology(topologyIn(document));
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
