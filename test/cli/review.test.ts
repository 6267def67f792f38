import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseTopology } from "../../plan/declaration/declaration";
import { pages } from "../../plan/review/pages";
import { raw, seedHosts } from "../plan/worlds/topologies";

const doc = readFileSync(join(__dirname, "../../docs/review.md"), "utf8");

/** The example's change: master2 gives its etcd to node2. */
const before = pages(parseTopology(raw(seedHosts)));
const after = pages(
  parseTopology(
    raw({
      a: { ...seedHosts.a, master2: ["192.168.31.102", ["controlplane", "worker"]] },
      b: { ...seedHosts.b, node2: ["192.168.31.105", ["etcd", "worker"]] },
    }),
  ),
);

/** A line counts as gone or new in a file, not in the whole folder. */
function differs(sign: string, line: string): boolean {
  const [there, elsewhere] = sign === "-" ? [before, after] : [after, before];
  return Object.entries(there).some(
    ([path, text]) => text.split("\n").includes(line) && !elsewhere[path]?.split("\n").includes(line),
  );
}

describe("docs/review.md shows a real diff of rendered/", () => {
  const [, ...blocks] = [...doc.matchAll(/^```diff\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  const lines = blocks.flatMap((block) => block.split("\n")).filter((line) => /^[-+]/.test(line));

  it("has some", () => assert.ok(lines.length > 10));
  for (const line of lines) {
    it(line.slice(0, 70), () => assert.ok(differs(line.charAt(0), line.slice(1)), line));
  }
  it("names what comes and what goes", () => {
    const folders = (files: Record<string, string>) =>
      Object.keys(files).filter((path) => /^failover-.\/cluster\.yml$/.test(path));
    assert.deepEqual(folders(before), ["failover-a/cluster.yml"]);
    assert.deepEqual(folders(after), ["failover-b/cluster.yml"]);
  });
});
