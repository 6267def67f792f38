import { Document, isScalar, type Scalar, visit } from "yaml";
import { needsQuotes } from "./yaml-scalars";

/** YAML of a value, the same for the same value: what every reader (YAML 1.1, 1.2, Go's) reads alike, texts as texts. */
export function yamlText(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_, node) => quote(node),
  });
  // YAML 1.1 takes these for line breaks; they stand in double quotes, where an escape means the same
  return document
    .toString({ lineWidth: 0 })
    .replace(/[\u0085\u2028\u2029\ufeff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function quote(node: Scalar): void {
  if (isScalar(node) && typeof node.value === "string" && needsQuotes(node.value)) {
    node.type = "QUOTE_DOUBLE";
  }
}
