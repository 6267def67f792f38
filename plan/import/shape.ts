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
