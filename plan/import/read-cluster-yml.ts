import { readJson } from "../values/go-json";
import { UnreadableError } from "../values/go-scalar";
import { isMapping, type Mapping, mapping } from "../values/mapping";
import { parseYaml, type YamlNode } from "../values/yaml-node";
import type { Path, Reading } from "./findings";
import { readInto, readLater } from "./go-types";
import { clusterYmlShape } from "./rke-types";

export interface ClusterYml extends Reading {
  /** The values as RKE reads them: texts are texts, an absent value is Go's zero value. */
  value: Mapping;
  /** How many documents the text has; RKE reads the first. */
  documents: number;
}

/**
 * cluster.yml as RKE reads it (cluster/cluster.go ParseConfig): into its own types by yaml.v2, and some parts again by ghodss/yaml.
 * @throws UnreadableError if RKE ends at once
 */
export function readClusterYml(text: string): ClusterYml {
  const { first, count } = parsed(text);
  const reading: Reading = { misfits: [], ignored: [], repeated: [] };
  if (first === undefined) {
    return { ...reading, value: {}, documents: count };
  }
  const json = readJson(first);
  const value = readInto(clusterYmlShape, seenByRke(first, json), reading);
  return { ...reading, value: mapping(withJson(value, [], json)), documents: count };
}

function parsed(text: string): ReturnType<typeof parseYaml> {
  try {
    return parseYaml(text);
  } catch (error) {
    throw new UnreadableError(error instanceof Error ? error.message : String(error));
  }
}

const customConfig = ["services", "kube-api", "secrets_encryption_config", "custom_config"];

/**
 * With a custom encryption configuration RKE reads the rest from what ghodss/yaml wrote of the whole file (cluster/encryption.go
 * resolveCustomEncryptionConfig): a label 1.10 is 1.1 then.
 */
function seenByRke(node: YamlNode, json: unknown): YamlNode {
  if (!isMapping(at(json, customConfig))) {
    return node;
  }
  // JSON is YAML, and the numbers of both are written alike; custom_config stays, since it is taken from the first reading
  return parsed(JSON.stringify(json)).first ?? node;
}

/** Puts the values of the second reading in the places that the first one left for it (`readLater`). */
function withJson(value: unknown, path: Path, json: unknown): unknown {
  if (value === readLater) {
    return at(json, path);
  }
  if (Array.isArray(value)) {
    return value.map((item, i) => withJson(item, [...path, i], json));
  }
  if (!isMapping(value)) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      const read = withJson(item, [...path, key], json);
      return read === undefined ? [] : [[key, read]];
    }),
  );
}

const at = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (node, key) => (Array.isArray(node) ? node[Number(key)] : isMapping(node) ? node[String(key)] : undefined),
    value,
  );
