import assert from "node:assert/strict";
import { upFile } from "../rke-golden";
import { edit, parse } from "./rkestate";

const dropNodes = (state: string, lost: string[], member = "192.168.31.103") =>
  edit("rke-state", state, "edit_nodes", member, ...lost);
/** Nodes of the state that a cluster.yml with these addresses doesn't have, "ADDRESS NAME". */
const leftOut = (state: string, addresses: string[]) => {
  const yml = addresses.map((a) => `  - address: ${a}\n    internal_address: 10.0.0.1\n`).join("");
  return edit("rke-state", state, "eval", `data='${yml}'; left_out`);
};
const lostOfA = ["192.168.31.101", "192.168.31.102", "192.168.31.104"];

describe("lost hosts leave currentState in cluster.rkestate", () => {
  const before = upFile("rkestate-30-before-edit.nokeys.json");

  it("the result equals the edit after which the real RKE found nothing to do", () => {
    const result = dropNodes(before, lostOfA);
    assert.equal(result.code, 0, result.error);
    assert.deepEqual(parse(result.state), parse(upFile("rkestate-30-edited.nokeys.json")));
  });

  it("a learner's host gets the role etcd, as in the edit that the real RKE took", () => {
    const result = dropNodes(upFile("rkestate-35-before-edit.nokeys.json"), lostOfA);
    assert.equal(result.code, 0, result.error);
    assert.equal(result.state, `${upFile("rkestate-35-edited.nokeys.json")}\n`);
  });

  for (const indent of [1, 2]) {
    it(`the role etcd is added only to a node that lacks it (indented by ${indent})`, () => {
      const text = JSON.stringify(JSON.parse(upFile("rkestate-35-before-edit.nokeys.json")), null, indent);
      const roles = (state: string) =>
        Object.fromEntries(parse(state).currentState.rkeConfig.nodes.map((n) => [n.address, n.role.join()]));
      assert.deepEqual(roles(dropNodes(text, lostOfA, "192.168.31.105").state), {
        "192.168.31.103": "controlplane,worker",
        "192.168.31.105": "worker,etcd",
      });
      assert.deepEqual(roles(dropNodes(text, lostOfA).state), {
        "192.168.31.103": "controlplane,worker,etcd",
        "192.168.31.105": "worker",
      });
    });
  }

  for (const indent of [1, 2]) {
    it(`nothing but the nodes is changed (indented by ${indent})`, () => {
      const text = JSON.stringify(JSON.parse(before), null, indent);
      const expected = parse(text);
      expected.currentState.rkeConfig.nodes = expected.currentState.rkeConfig.nodes.filter(
        (n) => !lostOfA.includes(n.address),
      );
      assert.equal(dropNodes(text, lostOfA).state, `${JSON.stringify(expected, null, indent)}\n`);
    });
  }

  it("hosts in the middle and at the end of the list are removed", () => {
    for (const lost of [["192.168.31.101"], ["192.168.31.105"], ["192.168.31.103", "192.168.31.105"]]) {
      const left = parse(dropNodes(before, lost, "192.168.31.102").state).currentState.rkeConfig.nodes.map(
        (n) => n.address,
      );
      const all = parse(before).currentState.rkeConfig.nodes.map((n) => n.address);
      assert.deepEqual(
        left,
        all.filter((a) => !lost.includes(a)),
      );
    }
  });

  it("a host that has left the topology is found beside the lost ones", () => {
    const left = (state: string, kept: string[]) => leftOut(state, kept).state.trim().split("\n").filter(Boolean);
    const names = ["192.168.31.101 master1", "192.168.31.102 master2", "192.168.31.104 node1"];
    for (const state of [before, JSON.stringify(JSON.parse(before), null, 1)]) {
      assert.deepEqual(left(state, ["192.168.31.103", "192.168.31.105"]), names);
      assert.deepEqual(left(state, ["192.168.31.103"]), [...names, "192.168.31.105 node2"]);
      assert.deepEqual(left(state, ["192.168.31.103", "192.168.31.10"]).at(-1), "192.168.31.105 node2");
    }
    assert.deepEqual(left(upFile("rkestate-30-edited.nokeys.json"), ["192.168.31.103", "192.168.31.105"]), []);
  });

  it("an address that begins like a lost one stays", () => {
    const text = before.replaceAll("192.168.31.103", "192.168.31.10");
    const left = parse(dropNodes(text, lostOfA, "192.168.31.10").state).currentState.rkeConfig.nodes.map(
      (n) => n.address,
    );
    assert.deepEqual(left, ["192.168.31.10", "192.168.31.105"]);
  });

  for (const [what, text, lost] of [
    ["a state that isn't in RKE's form", JSON.stringify(JSON.parse(before)), lostOfA],
    ["a state without currentState", '{\n  "desiredState": {}\n}', lostOfA],
    ["a cut state", before.slice(0, before.lastIndexOf('"hostnameOverride": "node2"')), ["192.168.31.101"]],
    ["a member that it doesn't know", before, [...lostOfA, "192.168.31.103"]],
    ["no node left", before, [...lostOfA, "192.168.31.103", "192.168.31.105"]],
  ] as const) {
    it(`refuses ${what}`, () => {
      const result = dropNodes(text, [...lost]);
      assert.equal(result.code, 1);
      assert.match(result.error, /cluster\.rkestate is not as RKE v1\.2\.7 writes it; it was left as it is/);
    });
  }
});
