import assert from "node:assert/strict";
import { stepScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";

describe("deleting the Nodes of the lost hosts", function () {
  // some dozens of processes, which a busy machine may keep waiting
  this.timeout(60_000);
  const host = stateOfEachTest({ epoch: "2\n", act: "failover\n" });

  /** @param answers of the API, one after the other, the last one for good; undefined: none within curl's limit */
  function run(answers: (number | undefined)[], generation = 1) {
    const cases = answers.map((status, i) => {
      const pattern = i === answers.length - 1 ? "*" : String(i + 1);
      return `${pattern}) ${status === undefined ? "echo 'curl: (28) Operation timed out'; exit 28" : `printf '{}\\n${status}'`} ;;`;
    });
    host.program(
      "curl",
      `#!/bin/sh\ncd $RKE_DR_STATE\necho x >>asked\ncase $(wc -l <asked) in\n${cases.join("\n")}\nesac\n`,
    );
    // the limit of a minute, and a short one for what never succeeds
    const limit = answers.at(-1) === 500 ? 1 : 60;
    const script = stepScript("lost-nodes").replaceAll(/until_true [26]0/g, `until_true ${limit}`);
    const args = ["lost-nodes", 2, generation, "failover", "lab", "https://api", "master1"];
    return host.step(args, script);
  }

  for (const [what, answers, exit, said] of [
    ["is done once the API answers 200", [200], 0, /Node master1 deleted/],
    ["succeeds if the Node is gone already", [404], 0, /Node master1 was gone already/],
    ["is tried again if the API didn't answer in time", [undefined, 200], 0, /Node master1 deleted/],
    ["is tried again if the API answered with an error", [500, 404], 0, /Node master1 was gone already/],
    ["fails with the API's answer if the API never accepts it", [500], 1, /API: Node master1 can't be deleted: \{\}/],
  ] as const) {
    it(what, () => {
      const result = run([...answers]);
      assert.equal(result.status, exit, result.stderr);
      assert.match(result.stderr, said);
    });
  }

  it("writes each Node down before", () => {
    run([200]);
    assert.equal(host.read("epoch-2/nodes/master1.json"), "{}\n");
  });
  it("leaves what it has written down as it is when it runs again: by then a kubelet has registered itself anew", () => {
    run([200]);
    host.write("epoch-2/nodes/master1.json", '{"labels":"as they were"}\n');
    assert.equal(run([200], 2).status, 0);
    assert.equal(host.read("epoch-2/nodes/master1.json"), '{"labels":"as they were"}\n');
  });
  it("writes nothing down of a Node that is gone already", () => {
    run([404]);
    assert.equal(host.has("epoch-2/nodes/master1.json"), false);
  });
});
