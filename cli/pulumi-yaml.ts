import { isMap, isNode, parseDocument } from "yaml";

/**
 * The text of a Pulumi project with another topology; every other byte stays.
 * @param topology YAML, with comments at its head
 * @throws Error if the project has no config.topology.value
 */
export function withTopology(project: string, topology: string, path: string): string {
  const holder = parseDocument(project).getIn(["config", "topology"], true);
  const pair = isMap(holder) ? holder.items.find(({ key }) => String(key) === "value") : undefined;
  const value = pair?.value;
  if (!pair || !isNode(pair.key) || !pair.key.range || !isNode(value) || !value.range) {
    throw new Error(`${path}: has no config.topology.value to put the topology into`);
  }
  const [start, end] = [pair.key.range[0], value.range[1]];
  const colon = project.indexOf(":", pair.key.range[1]);
  const column = start - (project.lastIndexOf("\n", start - 1) + 1);
  const indented = topology
    .trimEnd()
    .split("\n")
    .map((line) => (line === "" ? line : `${" ".repeat(column + 2)}${line}`));
  const rest = project.slice(end);
  return `${project.slice(0, colon + 1)}\n${indented.join("\n")}\n${rest.startsWith("\n") ? rest.slice(1) : rest}`;
}
