import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseAllDocuments } from "yaml";

/** A document as Go's readers see it before any type is known: scalars are their own text, nothing is resolved or merged. */
export type YamlNode =
  | { kind: "scalar"; text: string; isPlain: boolean; tag: string | undefined; line: number }
  | { kind: "sequence"; items: YamlNode[]; line: number }
  | { kind: "mapping"; pairs: [YamlNode, YamlNode][]; line: number }
  /** Its target is complete when the document is; a target that holds the alias itself is refused. */
  | { kind: "alias"; target: YamlNode; line: number };

export interface YamlDocuments {
  /** Undefined if the text holds none. */
  first: YamlNode | undefined;
  count: number;
}

/**
 * The first document of a text; Go's Unmarshal reads no further.
 * @throws Error if it isn't YAML, with the line
 */
export function parseYaml(text: string): YamlDocuments {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, {
    schema: "failsafe",
    uniqueKeys: false,
    strict: false,
    merge: false,
    lineCounter: lines,
    logLevel: "silent",
  });
  const documents = "empty" in parsed ? [] : (parsed as Document.Parsed[]);
  const [first] = documents;
  const error = first?.errors[0];
  if (error) {
    throw new Error(`is not YAML: ${error.message.split("\n")[0]?.replace(/:$/, "")}`);
  }
  const contents = first?.contents as ParsedNode | null | undefined;
  return {
    first: contents ? nodeOf(contents, lines, { done: new Map(), open: new Set() }) : undefined,
    count: documents.length,
  };
}

interface Anchors {
  done: Map<string, YamlNode>;
  open: Set<string>;
}

function nodeOf(node: unknown, lines: LineCounter, anchors: Anchors): YamlNode {
  const line = lineOf(node, lines);
  if (isAlias(node)) {
    const target = anchors.done.get(node.source);
    if (anchors.open.has(node.source) || target === undefined) {
      const rule = anchors.open.has(node.source) ? "holds itself" : "has no anchor before it";
      throw new Error(`the alias ${node.source} ${rule} (line ${line})`);
    }
    return { kind: "alias", target, line };
  }
  const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
  if (anchor !== undefined) {
    anchors.open.add(anchor);
  }
  const made = bodyOf(node, line, lines, anchors);
  if (anchor !== undefined) {
    anchors.open.delete(anchor);
    anchors.done.set(anchor, made);
  }
  return made;
}

function bodyOf(node: unknown, line: number, lines: LineCounter, anchors: Anchors): YamlNode {
  if (isMap(node)) {
    const pairs = node.items.map(({ key, value }): [YamlNode, YamlNode] => [
      nodeOf(key, lines, anchors),
      nodeOf(value, lines, anchors),
    ]);
    return { kind: "mapping", pairs, line };
  }
  if (isSeq(node)) {
    return { kind: "sequence", items: node.items.map((item) => nodeOf(item, lines, anchors)), line };
  }
  if (!isScalar(node)) {
    return { kind: "scalar", text: "", isPlain: true, tag: undefined, line };
  }
  const isPlain = node.type === "PLAIN" || node.type === undefined;
  return { kind: "scalar", text: node.source ?? String(node.value ?? ""), isPlain, tag: tagOf(node.tag), line };
}

/** "!!int" and the like; undefined if a scalar has no tag, or one without a meaning. */
const tagOf = (tag: string | undefined): string | undefined => tag?.replace("tag:yaml.org,2002:", "!!");

function lineOf(node: unknown, lines: LineCounter): number {
  const range = (node as { range?: [number, number, number] } | null)?.range;
  return range ? lines.linePos(range[0]).line : 0;
}
