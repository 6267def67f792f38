import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { onHostInput, onHostScript } from "../../on-host";
import { type Beat, progressReader } from "../../plan/facts/progress";
import { ownScript, stateOfEachTest } from "./host-state";

describe("what the steps on a host record, as it is read while they run", () => {
  const host = stateOfEachTest({ epoch: "2", act: "failover:a" });
  const script = () => onHostScript("look/progress").replaceAll("/var/lib/rke-dr", host.folder);

  /** Readings until `enough`; then the reader goes, and the script must end by itself. */
  async function read(enough: (beat: Beat) => boolean, args: string[] = []): Promise<{ beats: Beat[]; code: number }> {
    const child = spawn("bash", ["-s", "--", "0.05", ...args], { env: host.env, stdio: ["pipe", "pipe", "inherit"] });
    child.stdin.end(script());
    const reader = progressReader("master3");
    const beats: Beat[] = [];
    for await (const piece of child.stdout.setEncoding("utf8")) {
      const beat = reader(piece);
      if (beat) beats.push(beat);
      if (beat && enough(beat)) break;
    }
    child.stdout.destroy();
    const [code, signal] = await once(child, "exit");
    return { beats, code: code ?? (signal === "SIGPIPE" ? 0 : 1) };
  }

  it("a step is seen while it runs, with what it says, then its record", async () => {
    const step = spawn("bash", ["-s", "--", "claim", "2", "1", "failover:a", "lab"], {
      env: host.env,
      stdio: ["pipe", "ignore", "ignore"],
    });
    const body = `main() { begin "$@"; did "it has begun"; until [[ -e $state/go ]]; do sleep 0.02; done; finish; }`;
    step.stdin.end(onHostInput(ownScript(body), ""));
    const during = await read(({ progress }) => progress.running.length > 0 && progress.log.length > 0);
    const last = during.beats.at(-1);
    assert.ok(last);
    assert.deepEqual([last.progress.epoch, last.progress.act, last.progress.steps], [2, "failover:a", []]);
    assert.deepEqual(
      last.progress.running.map((r) => [r.step, r.epoch]),
      [["claim", 2]],
    );
    assert.ok(last.at - (last.progress.running[0]?.startedAt ?? 0) < 10_000);
    assert.equal(last.progress.log.at(-1)?.text, "it has begun");
    host.write("go", "");
    const { beats } = await read(({ progress }) => progress.steps.length > 0 && progress.running.length === 0);
    assert.deepEqual(
      beats.at(-1)?.progress.steps.map((s) => [s.step, s.host, s.did]),
      [["claim", "master3", ["it has begun"]]],
    );
  });

  it("a process that has another's number since is no step", async () => {
    host.write("lock.claim.pid", `${process.pid}\n`);
    const { beats } = await read(() => true);
    assert.deepEqual(beats.at(-1)?.progress.running, []);
  });

  it("ends when its reader is gone, and changes nothing", async () => {
    const before = host.run("bash", ["-c", 'cd "$RKE_DR_STATE" && find . -printf "%p %T@\\n" | sort']).stdout;
    const { code } = await read(() => true);
    assert.equal(code, 0);
    assert.equal(host.run("bash", ["-c", 'cd "$RKE_DR_STATE" && find . -printf "%p %T@\\n" | sort']).stdout, before);
  });

  it("says if etcd and the API serve", async () => {
    host.program("curl", '#!/bin/sh\ncase "$*" in *:2379/health*) echo \'{"health":"true"}\' ;; *) exit 22 ;; esac\n');
    const { beats } = await read(({ progress }) => Object.keys(progress.serves).length === 2, ["etcd", "api"]);
    assert.deepEqual(beats.at(-1)?.progress.serves, { etcd: true, api: false });
  });
});

describe("the reader of such a host's output", () => {
  const text =
    '@@ epoch\n2\n@@ act\nprimary\n@@ plan\nevidence={"a":1}\n@@ steps\n{"step":"claim","host":"M3.example","epoch":2}\n{"step":"sna\n' +
    "@@ failures\n@@ running\nrke-up 2 900\n@@ log\n2026-11-21T12:00:00Z epoch=2 rke-up: up: so\nnonsense\n@@ serves\netcd yes\napi unknown\n@@ beat 1000\n";

  it("takes it in pieces of any size, and leaves out lines that are cut", () => {
    for (const size of [1, 7, text.length]) {
      const read = progressReader("master3");
      const pieces = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
      const beats = pieces.flatMap((piece) => read(piece) ?? []);
      assert.deepEqual(beats, [
        {
          at: 1000,
          progress: {
            host: "master3",
            epoch: 2,
            act: "primary",
            evidence: '{"a":1}',
            steps: [{ step: "claim", host: "master3", epoch: 2 }],
            failures: [],
            running: [{ step: "rke-up", epoch: 2, startedAt: 900 }],
            log: [{ at: Date.parse("2026-11-21T12:00:00Z"), step: "rke-up", text: "up: so" }],
            serves: { etcd: true },
          },
        },
      ]);
    }
  });

  it("a beat alone says that the last reading still holds", () => {
    const read = progressReader("master3");
    const first = read(text);
    assert.deepEqual(read("@@ beat 1500\n"), { ...first, at: 1500 });
    assert.equal(progressReader("master3")("@@ beat 1500\n"), undefined);
  });
});
