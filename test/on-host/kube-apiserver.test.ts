import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { until } from "../../lab/machine/run";
import { onHostInput, stepScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";

describe("a kube-apiserver that waits for the step that recovers etcd", () => {
  let child: ChildProcess | undefined;
  // before its state goes
  afterEach(() => {
    child?.kill("SIGKILL");
  });
  const host = stateOfEachTest(
    { epoch: "2", act: "act", cluster: "lab" },
    // what touches a container would leave a trace, and change nothing
    { docker: "#!/bin/sh\ntouch $RKE_DR_STATE/touched\nexit 1\n" },
  );
  beforeEach(() => {
    for (const folder of ["steps", "failures", "epoch-2"]) mkdirSync(host.at(folder));
  });

  const failure = (generation: number) =>
    host.write(
      "failures/etcd-member",
      `{"step":"etcd-member","host":"h","epoch":2,"generation":${generation},"startedAt":1,"exit":1,"error":"x"}\n`,
    );
  function start() {
    const told = { stderr: "", code: undefined as number | null | undefined };
    const args = ["kube-apiserver", "2", "7", "act", "lab", "etcd-member", "127.0.0.1"];
    child = spawn("bash", ["-s", "--", ...args], {
      env: host.env,
      stdio: ["pipe", "ignore", "pipe"],
    });
    child.stderr?.on("data", (text: Buffer) => {
      told.stderr += text.toString("utf8");
    });
    child.once("close", (status) => {
      told.code = status;
    });
    child.stdin?.end(onHostInput(stepScript("kube-apiserver"), "{}"));
    return told;
  }

  it("touches no container if that step fails in this run; an earlier run's failure doesn't count", async () => {
    failure(6);
    const told = start();
    // it has looked at the failure: the lock of the other step comes after that
    await until("a look at the other step's lock", 30, () => host.has("lock.etcd-member"));
    assert.equal(told.code, undefined, told.stderr);
    failure(7);
    await until("its end", 30, () => told.code !== undefined);
    assert.equal(told.code, 1);
    assert.match(told.stderr, /kube-apiserver: step etcd-member failed, see there; this one goes no further/);
    assert.ok(!host.has("touched"));
  });

  for (const [what, file, text] of [
    ["is about to be stopped in this run", "epoch-2/stopping", "7\n"],
    [
      "was recovered in an earlier one",
      "steps/etcd-member",
      '{"step":"etcd-member","host":"h","epoch":2,"generation":6}\n',
    ],
  ] as const) {
    it(`goes on to the containers once the old etcd ${what}`, async () => {
      // of a run that died: since then somebody may have started the old etcd by hand
      host.write("epoch-2/stopping", "6\n");
      host.write("epoch-2/stopped", "6\n");
      host.write("epoch-2/data", "");
      const told = start();
      await until("a look at the other step's lock", 30, () => host.has("lock.etcd-member"));
      await new Promise((next) => setTimeout(next, 200));
      assert.ok(!host.has("touched"));
      host.write(file, text);
      await until("its end", 30, () => told.code !== undefined);
      assert.ok(host.has("touched"), told.stderr);
    });
  }
});
