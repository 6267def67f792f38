import { AliasCount, isMerge, merged, scalarOf } from "../values/go-scalar";
import { isMapping, type Mapping, mapping } from "../values/mapping";
import type { YamlNode } from "../values/yaml-node";
import type { Path, Reading } from "./findings";
import { nameOf, type Shape, zero } from "./shape";

/** A part that is read a second time by another reader; it is there, and not null. */
export const readLater = Symbol("read by github.com/ghodss/yaml");

/**
 * Reads YAML into a Go type as gopkg.in/yaml.v2 v2.4.0 does (decode.go), not strict as RKE calls it:
 * - a text field takes a number's, a date's or a word's own letters; null is Go's zero value
 * - a key that stands twice, or comes by `<<`, is read into what is there: structs and maps grow, all else is replaced
 * - `<<` is read where it stands, so it wins over what stands before it
 * - a key without a field is passed over
 * @throws UnreadableError if RKE ends at once
 */
export function readInto(shape: Shape, node: YamlNode, reading: Reading): unknown {
  return new TypedReader(reading).read(node, shape, undefined, []);
}

class TypedReader {
  private readonly aliases = new AliasCount();
  constructor(private readonly reading: Reading) {}

  /** @param before what the field holds already @returns undefined for Go's zero value */
  read(node: YamlNode, shape: Shape, before: unknown, path: Path): unknown {
    this.aliases.enter();
    switch (node.kind) {
      case "alias":
        return this.aliases.within(() => this.read(node.target, shape, before, path));
      case "scalar":
        return this.scalar(node, shape, before, path);
      case "sequence":
        if (shape === "jsons") return readLater;
        if (typeof shape !== "object" || !("list" in shape)) return this.misfit(node, shape, before, path);
        return node.items.map((item, i) => this.read(item, shape.list, undefined, [...path, i]) ?? zero(shape.list));
      case "mapping":
        if (shape === "json") return readLater;
        if (typeof shape !== "object" || "list" in shape) return this.misfit(node, shape, before, path);
        return this.mapping(node, shape, { ...(isMapping(before) ? before : {}) }, path);
      default:
        return node satisfies never;
    }
  }

  private mapping(
    node: Extract<YamlNode, { kind: "mapping" }>,
    shape: Exclude<Shape, string | { list: Shape }>,
    before: Mapping,
    path: Path,
  ): Mapping {
    let into = before;
    const lines = new Map<string, number[]>();
    for (const [keyNode, value] of node.pairs) {
      if (isMerge(keyNode)) {
        for (const other of merged(value)) {
          into = mapping(this.read(other, shape, into, path));
        }
        continue;
      }
      const key = this.read(keyNode, "text", undefined, path) ?? "";
      if (typeof key !== "string") continue;
      lines.set(key, [...(lines.get(key) ?? []), keyNode.line]);
      const field = "map" in shape ? shape.map : Object.hasOwn(shape.keys, key) ? shape.keys[key] : undefined;
      if (field === undefined) {
        this.reading.ignored.push({ path: [...path, key], line: keyNode.line });
        continue;
      }
      const already = "map" in shape ? undefined : into[key];
      const read = this.read(value, field, already, [...path, key]);
      const held = "map" in shape ? (read ?? zero(field)) : read;
      if (held === undefined) delete into[key];
      else into[key] = held;
    }
    const twice = [...lines].filter(([, at]) => at.length > 1);
    this.reading.repeated.push(...twice.map(([key, at]) => ({ path: [...path, key], lines: at })));
    return into;
  }

  private scalar(node: Extract<YamlNode, { kind: "scalar" }>, shape: Shape, before: unknown, path: Path): unknown {
    const scalar = scalarOf(node);
    if (scalar.kind === "null") {
      return undefined;
    }
    if (shape === "text" || shape === "secret") {
      return scalar.source;
    }
    if (shape === "flag" && scalar.kind === "bool") {
      return scalar.value;
    }
    if (shape === "real" && (scalar.kind === "int" || scalar.kind === "float")) {
      return Number(scalar.value);
    }
    if (shape === "whole" && (scalar.kind === "int" || scalar.kind === "float")) {
      const whole = Math.trunc(Number(scalar.value));
      return Math.abs(whole) < 2 ** 63 ? whole : this.misfit(node, shape, before, path);
    }
    return this.misfit(node, shape, before, path);
  }

  private misfit(node: YamlNode, shape: Shape, before: unknown, path: Path): unknown {
    const value =
      shape === "secret" ? undefined : node.kind === "scalar" ? JSON.stringify(node.text) : `a ${node.kind}`;
    this.reading.misfits.push({ path, rule: `is not ${nameOf(shape)}`, value, line: node.line });
    return before;
  }
}
