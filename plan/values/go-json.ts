import { AliasCount, isMerge, merged, scalarOf, UnreadableError } from "./go-scalar";
import { isMapping, type Mapping } from "./mapping";
import type { YamlNode } from "./yaml-node";

/**
 * YAML as github.com/ghodss/yaml v1.0.0 makes JSON of it, by yaml.v2 without types: yes and on are true, 0644 is 420, dates are
 * texts, and of a key that stands twice the last replaces the first whole. sigs.k8s.io/yaml, by which kubeadm reads, does the same.
 * @throws UnreadableError where JSON can't hold it; RKE and kubeadm end there
 */
export function readJson(node: YamlNode): unknown {
  return writable(read(node, new AliasCount()));
}

function read(node: YamlNode, aliases: AliasCount): unknown {
  aliases.enter();
  switch (node.kind) {
    case "alias":
      return aliases.within(() => read(node.target, aliases));
    case "sequence":
      return node.items.map((item) => read(item, aliases));
    case "mapping":
      return readMapping(node, aliases, {});
    case "scalar":
      return readScalar(node);
    default:
      return node satisfies never;
  }
}

function readMapping(node: Extract<YamlNode, { kind: "mapping" }>, aliases: AliasCount, into: Mapping): Mapping {
  for (const [key, value] of node.pairs) {
    if (isMerge(key)) {
      for (const other of merged(value)) {
        const more = read(other, aliases);
        Object.assign(into, isMapping(more) ? more : {});
      }
      continue;
    }
    into[keyText(key)] = read(value, aliases);
  }
  return into;
}

function readScalar(node: Extract<YamlNode, { kind: "scalar" }>): unknown {
  const scalar = scalarOf(node);
  switch (scalar.kind) {
    case "null":
      return null;
    case "bool":
      return scalar.value;
    case "int":
      return Number(scalar.value);
    case "float":
      return scalar.value;
    case "time":
    case "text":
      return scalar.source;
    default:
      return scalar satisfies never;
  }
}

/** JSON has no infinite numbers; one that another value has replaced doesn't count. */
function writable(value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new UnreadableError(`has the number ${value}, which JSON has not: the installer refuses it as well`);
  }
  for (const inner of Array.isArray(value) ? value : isMapping(value) ? Object.values(value) : []) {
    writable(inner);
  }
  return value;
}

function keyText(key: YamlNode): string {
  const node = key.kind === "alias" ? key.target : key;
  if (node.kind === "scalar") {
    const scalar = scalarOf(node);
    if (scalar.kind === "text" || scalar.kind === "time") return scalar.source;
    if (scalar.kind !== "null") return String(scalar.value);
  }
  throw new UnreadableError(
    `null, a list or a mapping is no key, the installer refuses it as well (line ${node.line})`,
  );
}
