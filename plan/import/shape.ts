/**
 * A Go type as far as reading YAML goes. A "secret" is a text whose content must stay secret; "json" is a struct, and
 * "jsons" a list of structs, that RKE reads a second time, by github.com/ghodss/yaml into Kubernetes' own types (cluster/cluster.go ParseConfig).
 */
export type Shape =
  | "text"
  | "secret"
  | "whole"
  | "real"
  | "flag"
  | "json"
  | "jsons"
  | { list: Shape }
  | { map: Shape }
  | { keys: Record<string, Shape> };

/** The fields of a struct: those named in words are texts. */
export const struct = (texts: string, others: Record<string, Shape> = {}): { keys: Record<string, Shape> } => ({
  keys: { ...ofEach(texts, "text"), ...others },
});

export const ofEach = (words: string, shape: Shape): Record<string, Shape> =>
  Object.fromEntries(words.split(/\s+/).flatMap((word) => (word === "" ? [] : [[word, shape]])));

export const texts: Shape = { list: "text" };
export const textMap: Shape = { map: "text" };

/** The value of a type that isn't set, as Go leaves it in a list or a map. */
export function zero(shape: Shape): unknown {
  switch (shape) {
    case "text":
    case "secret":
      return "";
    case "whole":
    case "real":
      return 0;
    case "flag":
      return false;
    case "json":
    case "jsons":
      return null;
    default:
      return "list" in shape ? [] : {};
  }
}

/** A type's name for a message, "a whole number". */
export function nameOf(shape: Shape): string {
  switch (shape) {
    case "text":
    case "secret":
      return "a text";
    case "whole":
      return "a whole number";
    case "real":
      return "a number";
    case "flag":
      return "true or false";
    case "json":
      return "a mapping";
    case "jsons":
      return "a list";
    default:
      return "list" in shape ? "a list" : "a mapping";
  }
}
