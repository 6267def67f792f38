import assert from "node:assert/strict";
import { stepScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";

describe("recreating a voter's etcd", function () {
  // some dozens of processes, which a busy machine may keep waiting
  this.timeout(60_000);
  const host = stateOfEachTest({ epoch: "3\n", act: "primary\n" });

  /** True if the step sets the running etcd aside. `healthy` of `voters` report health, this host's etcd among them. */
  function setsAside(voters: number, healthy: number): boolean {
    // the first act on the container ends the step
    host.program(
      "docker",
      `#!/bin/sh
case "$*" in
  *before-epoch*) echo "Error: No such container"; exit 1 ;;
  inspect*) echo running ;;
  *"endpoint health"*) for n in ${Array.from({ length: healthy }, (_, i) => i).join(" ")}; do echo "https://$n is healthy"; done ;;
  *) touch $RKE_DR_STATE/acted; exit 1 ;;
esac
`,
    );
    const urls = Array.from({ length: voters }, (_, i) => `https://10.0.0.${i}:2379`).join(",");
    const once = 'until_true() { shift; "$@"; }';
    const result = host.step(
      ["etcd-arguments", 3, 1, "primary", "lab", "kube-etcd", "https://127.0.0.1/health", urls],
      `${stepScript("etcd-arguments")}\n${once}`,
      "{}",
    );
    const acted = host.has("acted");
    assert.equal(/no majority of healthy ones; nothing was changed/.test(result.stderr), !acted, result.stderr);
    return acted;
  }

  for (const [voters, healthy, goesOn] of [
    [3, 3, true],
    [3, 2, false],
    [5, 4, true],
    [5, 3, false],
    [4, 4, true],
    [4, 3, false],
    // none of two can be spared, and yet each must be recreated once
    [2, 2, true],
    [2, 1, false],
  ] as const) {
    it(`${goesOn ? "goes on" : "stops before any change"} if ${healthy} of ${voters} voters are healthy`, () =>
      assert.equal(setsAside(voters, healthy), goesOn));
  }
});
