import type { Path } from "./findings";

/**
 * Something of cluster.yml as an operator names it: services.etcd.uid, private_registries[0].url, and a node by its name.
 * @param names the nodes' names, in cluster.yml's order
 */
export function itemAt(path: Path, names: string[]): string {
  const [first, second, ...rest] = path;
  if (first === "nodes" && typeof second === "number" && names[second] !== undefined) {
    return `nodes ${names[second]}${written(rest, ".")}`;
  }
  return path.length === 0 ? "cluster.yml" : written(path, "");
}

const written = (path: Path, before: string): string =>
  path.reduce<string>(
    (words, key, i) => words + (typeof key === "number" ? `[${key}]` : `${i === 0 ? before : "."}${key}`),
    "",
  );
