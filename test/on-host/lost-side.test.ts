import assert from "node:assert/strict";
import { onHostText } from "../../on-host";
import { stateOfEachTest } from "./host-state";

describe("a step's look at the lost side", () => {
  // in the place of the dial: the first host answers last, the third refuses, the fourth is silent
  const timeout = `#!/bin/bash
case "$*" in
  *10.0.0.1*) sleep 0.3 ;;
  *10.0.0.3*) echo "connect: Connection refused"; exit 1 ;;
  *10.0.0.4*) exit 124 ;;
esac
`;
  const host = stateOfEachTest({}, { timeout });

  it("reports living hosts in the order of its arguments, whichever answers first", () => {
    const targets = [1, 2, 3, 4, 10].map((n) => `h${n}=10.0.0.${n}:22`).join(" ");
    const { stdout, stderr } = host.run("bash", [
      "-euc",
      `set -o pipefail; ${onHostText("lib/lost-side")}\nalive ${targets}`,
    ]);
    assert.equal(stderr, "");
    assert.equal(stdout, "h1 port 22 answers; h2 port 22 answers; h3 port 22 refuses; h10 port 22 answers; ");
  });
});
