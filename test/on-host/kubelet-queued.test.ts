import assert from "node:assert/strict";
import { onHostScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";

/** systemd with a kubelet in the state that the file `kubelet` says; `stop` takes back a start that is queued. What it is told stands in `told`. */
const systemctl = `#!/bin/bash
state=$(cat $RKE_DR_STATE/kubelet)
case $1 in
  is-active) echo \${state/queued/inactive} ;;
  show) [[ $state != queued ]] || echo Job=12 ;;
  stop) echo "stop $state" >>$RKE_DR_STATE/told; echo inactive >$RKE_DR_STATE/kubelet ;;
  start) echo "start $state" >>$RKE_DR_STATE/told; echo active >$RKE_DR_STATE/kubelet ;;
esac
`;

describe("a change of static pods", () => {
  const host = stateOfEachTest({}, { systemctl });

  /** Runs shell with the runtime's functions, whose marks lie in the state's folder. */
  const run = (shell: string) => {
    const script = onHostScript("runtimes/static-pod", { runtime: "static-pod", installer: "kubeadm" });
    return host.run("bash", [
      "-c",
      `set -euo pipefail\n${script.replaceAll("/run/rke-dr-", `${host.folder}/rke-dr-`)}\n${shell}`,
    ]);
  };

  for (const [state, told] of [
    ["active", ["stop active", "start inactive"]],
    // after a boot it waits for the return guard
    ["queued", ["stop queued", "start inactive"]],
    // somebody has stopped it
    ["inactive", ["stop inactive"]],
  ] as const) {
    it(`leaves a kubelet that is ${state} ${state === "inactive" ? "stopped" : "started"}`, () => {
      host.write("kubelet", `${state}\n`);
      const ran = run("with_kubelet_stopped true");
      assert.equal(ran.status, 0, ran.stderr);
      assert.deepEqual(host.read("told").trim().split("\n"), told);
    });
  }

  for (const [state, held] of [
    ["active", false],
    ["queued", true],
    ["inactive", false],
  ] as const) {
    it(`is ${held ? "" : "not "}said to bring a kubelet back that is ${state}`, () => {
      host.write("kubelet", `${state}\n`);
      const { stdout } = run("cri() { :; }; limited() { :; }; node_facts");
      assert.equal(/^kubeletHeld=yes$/m.test(stdout), held, stdout);
    });
  }
});
