import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../lab/run";

const code = ["lib", "kube-apiserver"].map((name) => readFileSync(join(__dirname, `../../on-host/${name}.sh`), "utf8"));

describe("a kube-apiserver that waits for the step that recovers etcd", () => {
  let state: string;
  let child: ChildProcess | undefined;
  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), "rke-dr-state-"));
    // what touches a container would leave a trace, and change nothing
    writeFileSync(join(state, "docker"), `#!/bin/sh\ntouch '${state}/touched'\nexit 1\n`, { mode: 0o755 });
    for (const folder of ["steps", "failures", "epoch-2"]) mkdirSync(join(state, folder));
    for (const [file, text] of Object.entries({ epoch: "2", act: "act", cluster: "lab" })) {
      writeFileSync(join(state, file), text);
    }
  });
  afterEach(() => {
    child?.kill("SIGKILL");
    rmSync(state, { recursive: true });
  });

  const failure = (generation: number) =>
    writeFileSync(
      join(state, "failures/etcd-member"),
      `{"step":"etcd-member","host":"h","epoch":2,"generation":${generation},"startedAt":1,"exit":1,"error":"x"}\n`,
    );
  function start() {
    const told = { stderr: "", code: undefined as number | null | undefined };
    const args = ["kube-apiserver", "2", "7", "act", "lab", "etcd-member", "127.0.0.1"];
    child = spawn("bash", ["-s", "--", ...args], {
      env: { ...process.env, RKE_DR_STATE: state, PATH: `${state}:${process.env.PATH}` },
      stdio: ["pipe", "ignore", "pipe"],
    });
    child.stderr?.on("data", (text: Buffer) => {
      told.stderr += text.toString("utf8");
    });
    child.once("close", (status) => {
      told.code = status;
    });
    child.stdin?.end(`${code.join("\n")}\nmain "$@"; exit\n{}`);
    return told;
  }

  it("ends when that step fails in this run, and touches no container; an earlier run's failure is no reason", async () => {
    failure(6);
    const told = start();
    // it has looked at the failure: the lock of the other step comes after that
    await until("a look at the other step's lock", 10, () => existsSync(join(state, "lock.etcd-member")));
    assert.equal(told.code, undefined, told.stderr);
    failure(7);
    await until("its end", 10, () => told.code !== undefined);
    assert.equal(told.code, 1);
    assert.match(told.stderr, /etcd: step etcd-member failed, see there; kube-apiserver was not started/);
    assert.ok(!existsSync(join(state, "touched")));
  });

  for (const mark of ["forced", "restored"]) {
    it(`goes on to the containers when the data is recovered (${mark})`, async () => {
      const told = start();
      await until("a look at the other step's lock", 10, () => existsSync(join(state, "lock.etcd-member")));
      assert.ok(!existsSync(join(state, "touched")));
      writeFileSync(join(state, "epoch-2", mark), "");
      await until("its end", 10, () => told.code !== undefined);
      assert.ok(existsSync(join(state, "touched")), told.stderr);
    });
  }
});
