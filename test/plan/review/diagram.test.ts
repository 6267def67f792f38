import assert from "node:assert/strict";
import { parseTopology } from "../../../plan/declaration/declaration";
import { mermaid, quorumWords, svg } from "../../../plan/review/diagram";
import { raw, seed } from "../worlds/topologies";

const twoNames = parseTopology(
  raw({
    b: { end: ["10.0.0.1", ["controlplane", "etcd"]], "a-b": ["10.0.0.2", ["worker"]] },
    "x-y": { ["n".repeat(63)]: ["10.0.0.3", ["controlplane", "etcd"]] },
  }),
);

describe("the diagram in Mermaid", () => {
  const cases: [string, string, RegExp][] = [
    ["datacenters with their voters", mermaid(seed()), /subgraph dc_a\["datacenter a \(2 of 3 voters\)"\]/],
    ["the standby", mermaid(seed()), /datacenter b \(standby, 1 of 3 voters\)/],
    ["voters", mermaid(seed()), /host_master3\[.*control plane, worker<br\/>etcd voter.*\]:::voter/],
    ["workers", mermaid(seed()), /host_node2\["node2<br\/>192\.168\.31\.105<br\/>worker"\]:::host/],
    ["the lost side", mermaid(seed(), "a"), /host_master1\[.*etcd voter, lost.*\]:::lost/],
    ["the survivors as before", mermaid(seed(), "a"), /host_master3\[.*\]:::voter/],
    // "end" alone would end a subgraph
    ["names that Mermaid knows as words", mermaid(twoNames), /host_end\["end</],
    ["names with dashes", mermaid(twoNames), /host_a_b\["a-b<[\s\S]*dc_x_y\["datacenter x-y/],
  ];
  for (const [what, text, pattern] of cases) {
    it(what, () => assert.match(text, pattern));
  }
});

describe("the diagram as SVG", () => {
  it("has a row for peace and one for each loss, each with its verdict", () => {
    const picture = svg(seed());
    for (const words of [quorumWords(seed()), quorumWords(seed(), "a"), quorumWords(seed(), "b")]) {
      assert.ok(picture.includes(`>${words}</text>`), words);
    }
    assert.equal(picture.match(/class="lost"/g)?.length, 5);
    assert.equal(picture.match(/>etcd voter</g)?.length, 6);
  });
  it("makes what is too long for its card smaller, and cuts it", () => {
    assert.match(svg(twoNames), /style="font-size:8\.0px">n{33}…</);
  });
});

describe("the verdict under a picture", () => {
  for (const [lost, words] of [
    [undefined, "In peace: 3 of 3 voters, a majority is 2"],
    ["a", "Without a: 1 of 3 voters, a majority is 2: quorum is lost"],
    ["b", "Without b: 2 of 3 voters, a majority is 2: quorum is kept"],
  ] as const) {
    it(words, () => assert.equal(quorumWords(seed(), lost), words));
  }
});
