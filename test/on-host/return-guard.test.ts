import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { stepScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";

describe("the setting of the return guard", () => {
  const host = stateOfEachTest(
    { epoch: "1\n", act: "primary\n" },
    {
      docker: `#!/bin/bash
for last; do :; done
case "$*" in
  *State.Status*) [[ $last == @(etcd|kube-apiserver) ]] && echo exited || { echo "Error: No such container: $last"; exit 1; } ;;
  inspect*) exit 1 ;;
  *) echo "$*" >>$RKE_DR_STATE/did ;;
esac
`,
    },
  );
  beforeEach(() => {
    mkdirSync(host.at("guard"));
    host.write("guard/hold", "");
  });
  const step = (mode: string) =>
    host.run(
      "env",
      [`RKE_DR_RUN=${host.folder}`, "bash", "-s", "--", "return-guard", "1", "1", "primary", "lab", mode],
      `${stepScript("return-guard")}\nmain "$@"; exit\n\n@@ end of data\n`,
    );

  it("without bootHold starts what a hold has stopped, since nothing else would", () => {
    host.write("guard/held", "since=1\nepoch=1\netcd\nkube-apiserver\nkube-scheduler\n");
    const { status, stderr } = step("off");
    assert.equal(status, 0, stderr);
    assert.deepEqual(host.read("did").trim().split("\n"), ["rm -f rke-dr-guard", "start etcd", "start kube-apiserver"]);
    assert.ok(!host.has("guard/held") && !host.has("guard/hold"));
  });

  it("starts nothing if nothing was held", () => {
    const { status, stderr } = step("off");
    assert.equal(status, 0, stderr);
    assert.equal(host.read("did"), "rm -f rke-dr-guard\n");
  });
});
