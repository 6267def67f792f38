import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withTopology } from "../../cli/pulumi-yaml";
import { readTopologyFile } from "../../cli/topology-file";

describe("a topology put into a Pulumi project", () => {
  const project = [
    "name: x # kept",
    "mode: 0644",
    "config:",
    "  topology:",
    "    value:",
    "      cluster: old",
    "      list: [1, 2]",
    "",
    "  rke-dr:role: primary",
    "",
  ].join("\n");
  for (const [what, before] of [
    ["in its place", project],
    ["in a flow mapping's place", project.replace(/value:\n(.*\n){2}/, "value: { cluster: old }\n")],
    ["at the end of a file without a last newline", project.split("\n").slice(0, 7).join("\n")],
  ] as const) {
    it(`${what}: every other line stays`, () => {
      const after = withTopology(before, "# a note\ncluster: new\nhosts:\n  - a\n", "Pulumi.yaml");
      assert.match(after, /^ {4}value:\n {6}# a note\n {6}cluster: new\n {6}hosts:\n {8}- a\n/m);
      const kept = (text: string) => text.split("\n").filter((line) => /^(name|mode|config)|^ {2}\S/.test(line));
      assert.deepEqual(kept(after), kept(before));
      assert.doesNotMatch(after, /old/);
    });
  }
  it("a file without one is refused", () => {
    assert.throws(
      () => withTopology("name: x\n", "cluster: new\n", "P.yaml"),
      /^Error: P\.yaml: has no config\.topology/,
    );
  });
});

describe("a topology's file", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "rke-dr-topology-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const [what, text, pattern] of [
    [
      "a date that should be a text",
      "rke: {labels: {since: 2021-01-01}}",
      /rke\.labels\.since: .*: write "2021-01-01"$/,
    ],
    ["several at once, a line each", "a: 2021-01-01\nb: {2: x}", /:\n {2}a: .*\n {2}b\.2: .*$/],
  ] as const) {
    it(`is refused for ${what}`, () => {
      const path = join(folder, "t.yaml");
      writeFileSync(path, text);
      assert.throws(
        () => readTopologyFile(path),
        (e) => pattern.test(String(e)),
      );
    });
  }
});
