import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { text } from "node:stream/consumers";
import { until } from "../../lab/machine/run";
import { onHostInput, stepScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";

/** An API server that takes every write, and returns the last. */
const curl = `#!/bin/bash
echo asked >>$RKE_DR_STATE/requests
body=$(cat)
[[ -z $body ]] || printf '%s' "$body" >$RKE_DR_STATE/object
cat $RKE_DR_STATE/object
printf '\\n200'
`;

describe("the first write", () => {
  const host = stateOfEachTest({ epoch: "2", act: "act", cluster: "lab", requests: "" }, { curl });
  beforeEach(() => {
    for (const folder of ["steps", "failures", "epoch-2"]) mkdirSync(host.at(folder));
  });

  async function run(...beside: string[]) {
    const args = ["first-write", "2", "7", "act", "lab", "https://127.0.0.1:6443", ...beside];
    const child = spawn("bash", ["-s", "--", ...args], { env: host.env, stdio: ["pipe", "ignore", "pipe"] });
    child.stdin.end(onHostInput(stepScript("first-write"), ""));
    const [said, [status]] = await Promise.all([text(child.stderr), once(child, "close")]);
    return { said, status: status as number };
  }

  it("is tried only on a kube-apiserver that was started in this run, and as soon as it was", async () => {
    host.write("epoch-2/serving", "6\n");
    const running = run("kube-apiserver");
    await until("a look at the other step's lock", 30, () => host.has("lock.kube-apiserver"));
    await new Promise((next) => setTimeout(next, 200));
    assert.equal(host.read("requests"), "");
    host.write("epoch-2/serving", "7\n");
    const { said, status } = await running;
    assert.equal(status, 0, said);
    assert.match(host.read("steps/first-write"), /"acceptedAt":"\d{13}"/);
  });

  it("isn't waited for if the step that recreates kube-apiserver has failed", async () => {
    host.write("failures/kube-apiserver", '{"step":"kube-apiserver","host":"h","epoch":2,"generation":7,"exit":1}\n');
    const { said, status } = await run("kube-apiserver");
    assert.equal(status, 1);
    assert.match(said, /step kube-apiserver failed, see there; this one goes no further/);
    assert.equal(host.read("requests"), "");
  });

  it("waits for no step if none recreates kube-apiserver on this host", async () => {
    const { said, status } = await run();
    assert.equal(status, 0, said);
  });
});
