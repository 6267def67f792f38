import assert from "node:assert/strict";
import { readRecover } from "../../../plan/etcd/recover";
import { seed } from "../worlds/topologies";

const read = (value: unknown) => readRecover(value, seed(), "a");

describe("rke-dr:recover", () => {
  for (const [value, expected] of [
    [undefined, { from: "auto", method: undefined }],
    [{}, { from: "auto", method: undefined }],
    [{ from: "voter" }, { from: "voter", method: undefined }],
    [{ method: "restore" }, { from: "auto", method: "restore" }],
    [
      { from: "master3", method: "forceNewCluster" },
      { from: "master3", method: "forceNewCluster" },
    ],
    [{ from: "learner" }, { from: "learner", method: undefined }],
    [
      { from: "snapshot", method: "restore" },
      { from: "snapshot", method: "restore" },
    ],
    [{ from: "/opt/rke/etcd-snapshots/12h.db" }, { from: "/opt/rke/etcd-snapshots/12h.db", method: undefined }],
  ] as const) {
    it(`reads ${JSON.stringify(value)}`, () => assert.deepEqual(read(value), expected));
  }

  for (const [value, said] of [
    ["voter", /rke-dr:recover: is not a mapping of from and method: "voter"/],
    [{ form: "auto" }, /rke-dr:recover: unknown key: form/],
    [{ from: "master1" }, /recover\.from: is neither .*, a surviving host \(master3, node2\) nor .*: "master1"/],
    [{ from: 3 }, /recover\.from: is neither .*: 3/],
    [{ from: "/a b" }, /recover\.from: a path is absolute, .*: "\/a b"/],
    [{ from: "/opt/../etc/shadow" }, /without \.\./],
    [{ method: "magic" }, /recover\.method: is neither forceNewCluster nor restore: "magic"/],
    [{ from: "learner", method: "forceNewCluster" }, /only a voter's data can be forced .* from learner/],
    [{ from: "/x.db", method: "forceNewCluster" }, /only a voter's data can be forced/],
    [{ from: "nobody", method: "magic", more: 1 }, /unknown key: more[\s\S]*recover\.from[\s\S]*recover\.method/],
  ] as const) {
    it(`refuses ${JSON.stringify(value)}`, () => assert.throws(() => read(value), said));
  }
});
