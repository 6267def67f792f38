/** The resource types that are served, and what of their API has to be known for that. */
export interface Kind {
  apiVersion: string;
  kind: string;
  plural: string;
  namespaced: boolean;
  /** Owns only the fields it names, on an object that others made. */
  patch: boolean;
  /** Top-level inputs besides apiVersion, kind and metadata. */
  inputs: string[];
}

const configMap = { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true };
const node = { apiVersion: "v1", kind: "Node", plural: "nodes", namespaced: false };
const contents = ["data", "binaryData", "immutable"];

export const KINDS: Record<string, Kind> = {
  "kubernetes:core/v1:ConfigMap": { ...configMap, patch: false, inputs: contents },
  "kubernetes:core/v1:ConfigMapPatch": { ...configMap, patch: true, inputs: contents },
  "kubernetes:core/v1:NodePatch": { ...node, patch: true, inputs: ["spec"] },
};

/** Paths whose change needs a new object. */
export function replacingPaths(kind: Kind, object: { immutable?: unknown }, configMapMutable: boolean): string[] {
  const identity = ["metadata.name", "metadata.namespace"];
  if (kind.patch || kind.kind !== "ConfigMap") return identity;
  const fixed = !configMapMutable || object.immutable === true;
  return fixed ? [...identity, "data", "binaryData"] : identity;
}
