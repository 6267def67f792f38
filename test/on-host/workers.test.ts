import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { stepText } from "../../components/steps";
import { until } from "../../lab/machine/run";
import { onHostScript } from "../../on-host";
import { noContainers, stateOfEachTest } from "./host-state";

/** A worker is a folder of its own here: the real script runs in it, unless a file tells that it is down. */
const ssh = `#!/bin/bash
target=\${*: -2:1} command=\${*: -1}
[[ $* == *"BatchMode=yes"* && $* == *"StrictHostKeyChecking=yes"* ]] || { echo "must not ask, must check keys" >&2; exit 255; }
own=$RKE_DR_STATE/on/\${target#*@}
if [ -e "$own/down" ]; then echo "ssh: connect to host \${target#*@}: No route to host" >&2; exit 255; fi
mkdir -p "$own"
RKE_DR_STATE=$own bash -c "$command"
`;

describe("steps on workers, by the deploy host's SSH", function () {
  this.timeout(60_000);
  const host = stateOfEachTest({ epoch: "2\n", act: "failover:a:restore:x\n" }, { docker: noContainers, ssh });
  const at = (i: number) => `10.0.${Math.floor(i / 200)}.${1 + (i % 200)}`;
  const first = (generation: number) => {
    mkdirSync(host.at("steps"), { recursive: true });
    host.write(
      "steps/first-write",
      `{"step":"first-write","host":"h","epoch":2,"generation":${generation},"input":"x"}\n`,
    );
  };
  const data = "source=master3\nmember=master3";
  const run = (count: number, generation = 1, name = (i: number) => `node${i + 1}`, user = (_: number) => "root") => {
    const args = Array.from({ length: count }, (_, i) => `${name(i)}=${user(i)}@${at(i)}:22`);
    const each = [
      { script: "claim", data, limit: 60 },
      { script: "watchers", data: "", limit: 60 },
    ] as const;
    return host.run(
      "bash",
      ["-s", "--", "workers", "2", String(generation), "failover:a:restore:x", "lab", ...args],
      stepText({ script: "workers", onEach: [...each], onwardUsers: ["root", "rke"], data: "" }),
    );
  };
  const on = (i: number, file: string) => {
    const path = host.at("on", at(i), file);
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  };
  const down = (i: number) => {
    mkdirSync(host.at("on", at(i)), { recursive: true });
    host.write(`on/${at(i)}/down`, "");
  };

  it("each worker gets the epoch, keeps the decisions, and has its own records", () => {
    const { status, stdout, stderr } = run(60);
    assert.equal(status, 0, stderr);
    const told = JSON.parse(stdout) as { did: string[]; facts: object };
    assert.deepEqual(told.did, ["60 workers: claim, watchers"]);
    assert.deepEqual(told.facts, { workers: "60" });
    assert.match(stderr, /: 25 of 60 workers\n.*: 50 of 60 workers/s);
    for (let i = 0; i < 60; i++) {
      assert.equal(on(i, "epoch"), "2\n");
      assert.equal(on(i, "act"), "failover:a:restore:x\n");
      assert.equal(on(i, "epoch-2/plan"), "source=master3\nmember=master3\n");
      assert.match(on(i, "steps/watchers") ?? "", /"did":\["restarted: nothing"\]/);
    }
    assert.ok(!host.has("workers"), "nothing is left of it");
  });

  it("a worker whose user isn't root does its steps by sudo, within their time limit", () => {
    host.program("sudo", `#!/bin/sh\nprintf '%s\\n' "$*" >>"$RKE_DR_STATE/by-sudo"\nshift 2\nexec "$@"\n`);
    const { status, stderr } = run(2, 1, undefined, (i) => ["root", "rke"][i] ?? "");
    assert.equal(status, 0, stderr);
    for (const i of [0, 1]) assert.match(on(i, "steps/watchers") ?? "", /"generation":1,/);
    assert.ok(!host.has(`on/${at(0)}/by-sudo`));
    assert.deepEqual(on(1, "by-sudo")?.trim().split("\n"), [
      "-n -k timeout -k 10 60 bash -s -- claim 2 1 failover:a:restore:x lab",
      "-n -k timeout -k 10 60 bash -s -- watchers 2 1 failover:a:restore:x lab",
    ]);
  });

  it("nothing runs on a worker of a user for whom the program gave no command line", () => {
    const { status, stderr } = run(2, 1, undefined, (i) => ["root", "ops"][i] ?? "");
    assert.equal(status, 1);
    assert.match(stderr, /1 of 2 failed, 1 are done: node2, claim: no command line for ops was given/);
    assert.equal(on(1, "epoch"), undefined);
  });

  it("a worker named by its address, as in an imported cluster, is treated like any other", () => {
    const { status, stderr } = run(4, 1, at);
    assert.equal(status, 0, stderr);
    for (let i = 0; i < 4; i++) assert.match(on(i, "steps/watchers") ?? "", /"generation":1,/);
  });

  it("a worker that is down is named, the others finish, and a rerun does the rest", () => {
    down(1);
    first(5);
    const failed = run(4, 6);
    assert.equal(failed.status, 1);
    assert.match(failed.stderr, /1 of 4 failed, 3 are done: node2, claim: ssh: .*No route to host; run again/);
    assert.deepEqual(
      [0, 1, 2, 3].map((i) => on(i, "epoch")),
      ["2\n", undefined, "2\n", "2\n"],
    );
    assert.ok(!host.has("steps/workers"));
    const before = on(0, "steps/watchers");
    host.run("rm", [host.at("on", at(1), "down")]);
    // a repeated step has a generation of its own
    assert.equal(run(4, 9).status, 0);
    assert.equal(on(1, "epoch"), "2\n");
    assert.equal(on(0, "steps/watchers"), before, "what was done isn't done again");
    // since the API came back anew, watches are older than it
    first(12);
    assert.equal(run(4, 12).status, 0);
    assert.match(on(0, "steps/watchers") ?? "", /"generation":12,/);
  });

  it("an ended step starts no further worker", async () => {
    host.program("ssh", "#!/bin/bash\necho $$ >>$RKE_DR_STATE/begun\nexec sleep 120\n");
    const args = Array.from({ length: 100 }, (_, i) => `node${i + 1}=root@${at(i)}:22`);
    const child = spawn("bash", ["-s", "--", "workers", "2", "1", "failover:a:restore:x", "lab", ...args], {
      env: host.env,
      stdio: ["pipe", "ignore", "ignore"],
    });
    const onEach = [{ script: "watchers" as const, data: "", limit: 60 }];
    child.stdin?.end(stepText({ script: "workers", data: "", onEach, onwardUsers: ["root"] }));
    const begun = () => host.read("begun").trim().split("\n");
    await until("32 begun", 50, async () => begun().length === 32);
    child.kill("SIGKILL");
    // what it had locked is free, whatever of it still runs
    await until("the host's lock", 30, async () => host.run("flock", ["-n", host.at("lock"), "true"]).status === 0);
    for (const pid of begun()) process.kill(Number(pid));
    // while this blocks, the ended step isn't waited for: a process of that number is still there
    host.run("sleep", ["1"]);
    await new Promise((next) => setTimeout(next, 500));
    assert.equal(begun().length, 32);
  });

  it("failed workers are named in a fixed order, whichever fails first", () => {
    for (const i of [0, 1, 9]) down(i);
    host.program(
      "ssh",
      ssh.replace('echo "ssh: connect', `[[ $target != *${at(0)} ]] || sleep 0.5; echo "ssh: connect`),
    );
    const { stderr } = run(10);
    assert.match(stderr, /3 of 10 failed, 7 are done: node1, claim: .*; node2, claim: .*; node10, claim: /);
  });

  it("a worker with a newer epoch refuses, and is named with its reason", () => {
    mkdirSync(host.at("on", at(0)), { recursive: true });
    host.write(`on/${at(0)}/epoch`, "3\n");
    const { status, stderr } = run(2);
    assert.equal(status, 1);
    assert.match(stderr, /node1, claim: .*an older epoch than the host's is refused: 2, the host is at 3/);
  });

  it("at most 32 workers are stopped at a time", () => {
    // none ends before 32 have met once; more would come in the time that they stay then
    host.program(
      "ssh",
      `#!/bin/bash
cd $RKE_DR_STATE
mkdir -p now most
touch now/$$
until [[ -e met ]]; do
  (($(ls now | wc -l) < 32)) || touch met
  sleep 0.05
done
sleep 0.2
ls now | wc -l >most/$$
rm now/$$
cat >/dev/null
`,
    );
    assert.equal(run(80).status, 0);
    assert.equal(Math.max(...readdirSync(host.at("most")).map((name) => Number(host.read(`most/${name}`)))), 32);
  });

  it("the program writes the command line of each step for each user", () => {
    const onEach = [
      { script: "claim" as const, data: "", limit: 9 },
      { script: "watchers" as const, data: "", limit: 7 },
    ];
    const text = stepText({ script: "workers", data: "", onEach, onwardUsers: ["root", "rke"] });
    assert.deepEqual(text.match(/^@@ line .*/gm), [
      "@@ line claim root timeout -k 10 9 bash -s --",
      "@@ line claim rke sudo -n -k timeout -k 10 9 bash -s --",
      "@@ line watchers root timeout -k 10 7 bash -s --",
      "@@ line watchers rke sudo -n -k timeout -k 10 7 bash -s --",
    ]);
  });

  it("the program sends each step's scripts and data whole", () => {
    const text = stepText({ script: "workers", data: "", onEach: [{ script: "watchers", data: "x", limit: 9 }] });
    assert.ok(text.includes(`@@ step watchers 9\n${onHostScript("lib/step")}`));
    assert.ok(text.endsWith("x\n@@ end of data\n@@ end of data\n"));
  });
});
