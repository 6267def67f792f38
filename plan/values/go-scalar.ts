import type { YamlNode } from "./yaml-node";
import { type Resolved, resolvePlain } from "./yaml-scalars";

/** A text that Go reads no further. RKE and kubeadm end with an error before they have read a value. */
export class UnreadableError extends Error {}

type ScalarNode = Extract<YamlNode, { kind: "scalar" }>;

/** A scalar with the text that goes into a field of Go's type string. */
export type Scalar = Resolved & { source: string };

/** Tags by which a scalar's own text is tried as what the tag says. */
const resolvable: Record<string, Resolved["kind"][]> = {
  "!!null": ["null"],
  "!!bool": ["bool"],
  "!!int": ["int"],
  "!!float": ["float", "int"],
  "!!timestamp": ["time"],
};

/**
 * A scalar as gopkg.in/yaml.v2 v2.4.0 resolves it (decode.go scalar, resolve.go): quotes and unknown tags make a text, a known tag wins over quotes.
 * @throws UnreadableError if the text doesn't fit the tag
 */
export function scalarOf(node: ScalarNode): Scalar {
  const { text: source, tag } = node;
  if (tag === "!!binary") {
    return { kind: "text", source: Buffer.from(source, "base64").toString("utf8") };
  }
  const kinds = tag === undefined ? undefined : resolvable[tag];
  if (kinds === undefined && (tag !== undefined || !node.isPlain)) {
    return { kind: "text", source };
  }
  const resolved = resolvePlain(source, "v2");
  if (kinds && !kinds.includes(resolved.kind)) {
    throw new UnreadableError(`${tag} doesn't fit its value (line ${node.line})`);
  }
  return { ...(tag === "!!float" && resolved.kind === "int" ? asFloat(resolved.value) : resolved), source };
}

const asFloat = (value: bigint): Resolved => ({ kind: "float", value: Number(value) });

/** `<<`, at which another mapping's keys are read (decode.go isMerge). */
export const isMerge = (key: YamlNode): boolean =>
  key.kind === "scalar" && key.text === "<<" && (key.isPlain || key.tag === "!!merge");

/**
 * The mappings that `<<` names, in the order in which their keys are set: the first of a list wins, so it comes last.
 * @throws UnreadableError if it names something else
 */
export function merged(value: YamlNode): YamlNode[] {
  const named = value.kind === "sequence" ? [...value.items].reverse() : [value];
  for (const node of named) {
    if ((node.kind === "alias" ? node.target : node).kind !== "mapping") {
      throw new UnreadableError(`<< needs a mapping or a list of mappings (line ${node.line})`);
    }
  }
  return named;
}

/** Go's limit on documents that grow by their aliases: more than 99 % of what is read comes from them. */
export class AliasCount {
  private readonly count = { all: 0, fromAliases: 0 };
  private depth = 0;

  /** @throws UnreadableError */
  enter(): void {
    this.count.all++;
    this.count.fromAliases += this.depth > 0 ? 1 : 0;
    const { all, fromAliases } = this.count;
    if (fromAliases > 100 && all > 1000 && fromAliases / all > allowedRatio(all)) {
      throw new UnreadableError("is made of aliases too often, the installer refuses it as well");
    }
  }

  within<T>(read: () => T): T {
    this.depth++;
    try {
      return read();
    } finally {
      this.depth--;
    }
  }
}

/** decode.go allowedAliasRatio of yaml.v2. */
const allowedRatio = (count: number): number =>
  count <= 400_000 ? 0.99 : count >= 4_000_000 ? 0.1 : 0.99 - 0.89 * ((count - 400_000) / 3_600_000);
