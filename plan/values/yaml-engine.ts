import { isMapping, type Mapping } from "./mapping";
import { parseYaml, type YamlNode } from "./yaml-node";
import { resolvePlain } from "./yaml-scalars";

/**
 * YAML as Pulumi's engine reads Pulumi.yaml and a stack's file, by gopkg.in/yaml.v3 without types: 022 is 18, 0b11 is 3, 1_000 is
 * 1000, `<<` brings another mapping's keys, a key of its own wins. What the engine makes no plain JSON of is refused.
 * @throws Error that names everything refused, each as `item: rule: what to write`, or the line that isn't YAML
 */
export function readAsEngine(text: string): unknown {
  const { first } = parseYaml(text);
  const refused: string[] = [];
  const value = first && read(first, [], refused);
  if (refused.length > 0) {
    throw new Error([...new Set(refused)].join("\n"));
  }
  return value ?? null;
}

function read(node: YamlNode, path: string[], refused: string[]): unknown {
  switch (node.kind) {
    case "alias":
      return read(node.target, path, refused);
    case "sequence":
      return node.items.map((item, i) => read(item, [...path, String(i)], refused));
    case "mapping":
      return readMapping(node, path, refused);
    case "scalar":
      return readScalar(node, path, refused);
    default:
      return node satisfies never;
  }
}

function readMapping(node: Extract<YamlNode, { kind: "mapping" }>, path: string[], refused: string[]): Mapping {
  const own: Mapping = {};
  const merged: Mapping[] = [];
  for (const [key, value] of node.pairs) {
    const name = keyOf(key, path, refused);
    if (name === undefined) {
      continue;
    }
    if (key.kind === "scalar" && key.isPlain && name === "<<") {
      merged.push(...mergedMappings(value, path, refused));
    } else if (Object.hasOwn(own, name)) {
      refused.push(`${item([...path, name])}: stands twice (line ${key.line}): leave one`);
    } else {
      own[name] = read(value, [...path, name], refused);
    }
  }
  // the first of them wins, and what stands in the mapping itself wins over all
  return Object.assign({}, ...merged.reverse(), own);
}

function mergedMappings(value: YamlNode, path: string[], refused: string[]): Mapping[] {
  const read_ = read(value, path, refused);
  const named = Array.isArray(read_) ? read_ : [read_];
  return named.flatMap((mapping) => {
    if (isMapping(mapping)) return [mapping];
    refused.push(`${item([...path, "<<"])}: is neither a mapping nor a list of mappings (line ${value.line})`);
    return [];
  });
}

function keyOf(key: YamlNode, path: string[], refused: string[]): string | undefined {
  const node = key.kind === "alias" ? key.target : key;
  if (node.kind !== "scalar") {
    refused.push(`${item(path)}: a list or a mapping is no key (line ${key.line})`);
    return undefined;
  }
  if (node.isPlain && node.tag === undefined && resolvePlain(node.text, "v3").kind !== "text") {
    refused.push(
      `${item([...path, node.text])}: the engine takes the key for no text (line ${key.line}): write ${JSON.stringify(node.text)}`,
    );
    return undefined;
  }
  return node.text;
}

function readScalar(node: Extract<YamlNode, { kind: "scalar" }>, path: string[], refused: string[]): unknown {
  const { text, tag, isPlain, line } = node;
  const quoted = JSON.stringify(text);
  const refuse = (rule: string) => {
    refused.push(`${item(path)}: ${rule} (line ${line}): write ${quoted}`);
    return undefined;
  };
  if (tag === "!!str" || (tag === undefined && !isPlain)) {
    return text;
  }
  if (tag !== undefined) {
    return refuse(`the tag ${tag} isn't read alike everywhere`);
  }
  const resolved = resolvePlain(text, "v3");
  switch (resolved.kind) {
    case "null":
      return null;
    case "text":
      return text;
    case "bool":
      return resolved.value;
    case "time":
      return refuse("the engine takes a date for a time, not for a text");
    case "int":
    case "float": {
      const value = Number(resolved.value);
      return Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER
        ? value
        : refuse("the engine takes it for a number that JSON doesn't hold");
    }
    default:
      return resolved satisfies never;
  }
}

const item = (path: string[]): string => (path.length === 0 ? "the document" : path.join("."));
