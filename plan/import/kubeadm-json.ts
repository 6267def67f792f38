import { isMapping, type Mapping } from "../values/mapping";
import { suggestion } from "../values/nearest";
import type { Path } from "./findings";
import { isNewer, type Kind, shapeOf } from "./kubeadm-types";
import type { Findings } from "./reading";
import { nameOf, type Shape, zero } from "./shape";

/**
 * A document's JSON as kubeadm decodes it into its own types (sigs.k8s.io/json, by the serializer of k8s.io/apimachinery):
 * - a text field takes texts alone, a number or yes is an error
 * - null is Go's zero value: nothing, and "", false or an empty struct in a list or a map
 * - kubeadm warns of a key without a field and passes over it; a note says so
 */
export function decoded(kind: Kind, item: string, body: Mapping, found: Findings): Mapping {
  const version = String(body.apiVersion);
  const passedOver = (path: Path, known: string[]) => {
    const why = isNewer(kind, version, path)
      ? `${version} has no such key`
      : `kubeadm has no such key (${suggestion(String(path.at(-1)), known)})`;
    found.notes.push(`${at(item, path)}: left out, ${why} and passed over it: the cluster was made without it`);
  };
  const misfit = (path: Path, shape: Shape, value: unknown) => {
    const wanted = nameOf(shape);
    const how = wanted === "a text" && !isStructured(value) ? "; write it in quotes" : "";
    const shown = shape === "secret" ? "not shown, it is a secret" : JSON.stringify(value);
    found.errors.push(`${at(item, path)}: is not ${wanted}, kubeadm refuses it as well${how}: ${shown}`);
    return undefined;
  };
  const read = (value: unknown, shape: Shape, path: Path): unknown => {
    if (value === null || value === undefined) {
      return undefined;
    }
    if (typeof shape !== "object") {
      return fits(value, shape) ? value : misfit(path, shape, value);
    }
    if ("list" in shape) {
      return Array.isArray(value)
        ? value.map((v, i) => read(v, shape.list, [...path, i]) ?? zero(shape.list))
        : misfit(path, shape, value);
    }
    if (!isMapping(value)) {
      return misfit(path, shape, value);
    }
    const entries = Object.entries(value).flatMap(([key, v]): [string, unknown][] => {
      const field = "map" in shape ? shape.map : Object.hasOwn(shape.keys, key) ? shape.keys[key] : undefined;
      if (field === undefined) {
        passedOver([...path, key], "keys" in shape ? Object.keys(shape.keys) : []);
        return [];
      }
      const held = read(v, field, [...path, key]) ?? ("map" in shape ? zero(field) : undefined);
      return held === undefined ? [] : [[key, held]];
    });
    return Object.fromEntries(entries);
  };
  return read(body, shapeOf(kind, version), []) as Mapping;
}

/** "cp1.yaml: ClusterConfiguration.apiServer.extraArgs[0]". */
const at = (item: string, path: Path): string =>
  item + path.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("");

const isStructured = (value: unknown): boolean => typeof value === "object" && value !== null;

type Plain = Exclude<Shape, object>;

function fits(value: unknown, shape: Plain): boolean {
  switch (shape) {
    case "text":
    case "secret":
      return typeof value === "string";
    case "flag":
      return typeof value === "boolean";
    case "whole":
      return Number.isSafeInteger(value);
    case "real":
      return typeof value === "number";
    case "json":
      return isMapping(value);
    case "jsons":
      return Array.isArray(value);
    default:
      return shape satisfies never;
  }
}
