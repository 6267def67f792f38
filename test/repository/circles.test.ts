import assert from "node:assert/strict";
import { imports, sources } from "./sources";

/** Rooms whose circles are still to be broken. A circle passes if all of its files are in these rooms. */
const notYetHeld: string[] = [];

/** The shortest way from a file by imports back to itself, the file first and last; undefined if there is none. */
function circleOf(graph: Map<string, string[]>, file: string): string[] | undefined {
  const seen = new Set<string>();
  const ways = [[file]];
  for (const way of ways) {
    for (const next of graph.get(way.at(-1) ?? file) ?? []) {
      if (next === file) return [...way, file];
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return undefined;
}

describe("imports without circles", () => {
  const graph = new Map(sources().map((file) => [file, imports(file)]));
  const isHeld = (file: string): boolean => !notYetHeld.some((room) => file.startsWith(room));

  it("finds the shortest circle and names its files in order", () => {
    const made = new Map([
      ["a", ["b", "c"]],
      ["b", ["d"]],
      ["c", ["a"]],
      ["d", ["b"]],
      ["e", ["a"]],
    ]);
    assert.deepEqual(circleOf(made, "a"), ["a", "c", "a"]);
    assert.deepEqual(circleOf(made, "b"), ["b", "d", "b"]);
    assert.equal(circleOf(made, "e"), undefined);
  });

  it("reads the imports of all sources", () => {
    assert.ok(graph.size > 300, `${graph.size} files`);
    assert.ok(graph.get("lab/cli.ts")?.includes("lab/lab.ts"));
    assert.ok(graph.get("test/stand-ins/pulumi/tls.test.ts")?.includes("stand-ins/pulumi/tls/keys.ts"));
  });

  it("no file imports itself by way of others", () => {
    const found = [...graph.keys()].filter(isHeld).flatMap((file) => circleOf(graph, file)?.join(" -> ") ?? []);
    assert.equal(found.join("\n"), "");
  });

  it("every room that isn't held yet has a circle", () => {
    const files = [...graph.keys()].filter((file) => circleOf(graph, file));
    const free = notYetHeld.filter((room) => !files.some((file) => file.startsWith(room)));
    assert.deepEqual(free, []);
  });
});
