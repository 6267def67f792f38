import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { upFile } from "../rke-golden";
import { edit, parse } from "./rkestate";

describe("returned hosts go back into currentState in cluster.rkestate", () => {
  const before = upFile("rkestate-30-before-edit.nokeys.json");
  const after = upFile("rkestate-30-edited.nokeys.json");
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rke-dr-state-back-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** The nodes of `from` in the place of those of `state`. */
  function putNodes(state: string, from: string) {
    writeFileSync(join(folder, "from"), from);
    return edit("rke-state-back", state, "put_nodes", join(folder, "from"));
  }

  it("exactly those that the failover removed come back, and nothing else changes", () => {
    const result = putNodes(after, before);
    assert.equal(result.code, 0, result.error);
    assert.deepEqual(parse(result.state), parse(before));
  });

  for (const indent of [1, 2]) {
    it(`everything but the nodes stays as in the newer file (indented by ${indent})`, () => {
      const newer = parse(after);
      newer.desiredState = { rkeConfig: { nodes: [{ address: "10.9.9.9" }] } };
      const result = putNodes(JSON.stringify(newer, null, indent), JSON.stringify(JSON.parse(before), null, indent));
      assert.equal(result.code, 0, result.error);
      assert.deepEqual(parse(result.state).desiredState, newer.desiredState);
      assert.deepEqual(parse(result.state).currentState.rkeConfig.nodes, parse(before).currentState.rkeConfig.nodes);
    });
  }

  it("putting them back twice gives the same file as once", () => {
    const once = putNodes(after, before).state;
    assert.equal(putNodes(once, before).state, once);
  });

  it("the newest older file that has all returned hosts is chosen: a failover during a failback leaves one without them", () => {
    for (const [epoch, state] of [
      ["1", "{}"],
      ["2", before],
      ["9", after],
      ["10", after.slice(0, -100)],
      ["11.new", before],
    ] as const)
      writeFileSync(join(folder, `cluster.rkestate.before-epoch-${epoch}`), state);
    const known = (state: string) => parse(state).currentState.rkeConfig.nodes.map((n) => n.address);
    const left = known(after);
    const gone = known(before).filter((a) => !left.includes(a));
    assert.ok(gone.length > 0 && left.length > 0);
    const newest = (...asked: string[]) => edit("rke-state-back", "", "newest_with", ...asked);
    process.chdir(folder);
    try {
      assert.equal(newest(...gone).state, "cluster.rkestate.before-epoch-2\n");
      assert.equal(newest(...left).state, "cluster.rkestate.before-epoch-9\n");
      assert.equal(newest("10.9.9.9").code, 1);
    } finally {
      process.chdir(join(__dirname, "../.."));
    }
  });

  for (const [what, state, from] of [
    ["a state that isn't in RKE's form", JSON.stringify(JSON.parse(after)), before],
    ["a state without currentState", '{\n  "desiredState": {}\n}', before],
    ["a cut state", after.slice(0, -100), before],
    ["an older file that is cut", after, before.slice(0, -100)],
    [
      "an older file without nodes",
      after,
      '{\n  "currentState": {\n    "rkeConfig": {\n      "nodes": [\n      ]\n    }\n  }\n}',
    ],
  ] as const) {
    it(`refuses ${what}`, () => {
      const result = putNodes(state, from);
      assert.equal(result.code, 1);
      assert.match(
        result.error,
        /is not as RKE v1\.2\.7 writes it; cluster\.rkestate was left|left as it is|was left as it was/,
      );
    });
  }
});
