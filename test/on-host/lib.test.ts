import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../lab/machine/run";
import { onHostInput, stepScript } from "../../on-host";
import type { StepResult } from "../../plan/facts/step-records";
import { noContainers, ownScript, stateOfEachTest } from "./host-state";

const marking = ownScript(
  `main() { begin "$@"; printf '%s|%s\\n' "$*" "$data" >>"$state/ran"; did 'a "quoted" \\ line'; fact key "va\\"lue"; finish; }`,
);

describe("every step on a host", () => {
  const host = stateOfEachTest({}, { docker: noContainers });

  function run(
    step: string,
    epoch: number,
    generation: number,
    act: string,
    script: string,
    data = "",
    args: string[] = [],
    cluster = "lab",
  ) {
    return host.step([step, epoch, generation, act, cluster, ...args], script, data);
  }
  const claim = (epoch: number, act: string, data = "source=master3") =>
    run("claim", epoch, 1, act, stepScript("claim"), data);
  const mark = (epoch: number, generation: number, act: string, data = "some\ndata", args: string[] = ["x y"]) =>
    run("mark", epoch, generation, act, marking, data, args);
  const inTurn = <T>(...results: T[]): T => results.at(-1) as T;
  const ran = () => host.read("ran");

  it("prints its result as one line of JSON, and its progress to stderr", () => {
    claim(2, "act");
    const result = mark(2, 1, "act");
    assert.equal(result.status, 0, result.stderr);
    const told = JSON.parse(result.stdout) as StepResult;
    assert.equal(result.stdout.trim().split("\n").length, 1);
    assert.deepEqual(
      [told.step, told.epoch, told.generation, told.did, told.facts],
      ["mark", 2, 1, ['a "quoted" \\ line'], { key: 'va"lue' }],
    );
    assert.match(result.stderr, /a "quoted" \\ line/);
    assert.equal(ran(), "x y|some\ndata\n");
  });

  describe("on a host whose clock is set meanwhile, as after a power cut", () => {
    const waiting = ownScript(
      `main() { begin "$@"; until_true 20 seen || die "gave up"; did "seen"; finish; }
seen() { printf x >>"$state/asked"; (($(wc -c <"$state/asked") > 4)); }`,
    );
    for (const [what, jump] of [
      ["an hour ahead", 3600],
      ["an hour back", -3600],
    ] as const) {
      it(`waits for what it waits for, ${what}`, () => {
        claim(2, "act");
        // from its third call on it tells another time
        host.program(
          "date",
          `#!/bin/bash
printf x >>$RKE_DR_STATE/dates
at=$(/bin/date +%s%3N)
(($(wc -c <$RKE_DR_STATE/dates) < 3)) || at=$((at + ${jump * 1000}))
case $1 in +%s%3N) echo "$at" ;; *) exec /bin/date "$@" ;; esac
`,
        );
        const result = run("mark", 2, 1, "act", waiting);
        assert.equal(result.status, 0, result.stderr);
        const { milliseconds } = JSON.parse(result.stdout) as { milliseconds: number };
        assert.ok(milliseconds >= 300 && milliseconds < 60_000, String(milliseconds));
      });
    }
  });

  it("is still the host of the act before if a claim was killed before it wrote its epoch", () => {
    assert.equal(claim(1, "before").status, 0);
    host.program("mv", '#!/bin/bash\nif [[ $1 == */epoch.new ]]; then kill -KILL $PPID; exit; fi\nexec /bin/mv "$@"\n');
    assert.notEqual(claim(2, "after").status, 0);
    rmSync(host.at("mv"));
    assert.equal(host.read("epoch"), "1\n");
    const goesOn = mark(1, 1, "before");
    assert.equal(goesOn.status, 0, goesOn.stderr);
    assert.equal(claim(2, "after").status, 0);
    assert.match(mark(1, 2, "before").stderr, /an older epoch than the host's is refused/);
  });

  it("goes on if its log can't be written, as on a full disk", () => {
    claim(2, "act");
    rmSync(host.at("log"));
    symlinkSync("/dev/full", host.at("log"));
    const result = mark(2, 1, "act");
    assert.equal(result.status, 0, result.stderr);
    assert.match(result.stderr, /a "quoted" \\ line/);
  });

  it("refuses to act on a host whose epoch is no number, as where a power cut has left an empty file", () => {
    claim(2, "act");
    host.write("epoch", "");
    for (const refused of [mark(1, 1, "act"), claim(1, "act")]) {
      assert.notEqual(refused.status, 0);
      assert.match(refused.stderr, /epoch: \S+epoch must be the epoch of this host, a number: ""; write there the one/);
    }
    assert.equal(ran(), "");
  });

  it("has what a claim writes on the disk before it takes the old one's place", () => {
    host.program("dd", '#!/bin/bash\necho "$*" >>$RKE_DR_STATE/flushed\nexec /bin/dd "$@"\n');
    host.program("mv", '#!/bin/bash\necho "mv $1" >>$RKE_DR_STATE/flushed\nexec /bin/mv "$@"\n');
    assert.equal(claim(2, "act").status, 0);
    const lines = host.read("flushed").trim().split("\n");
    for (const name of ["epoch-2/plan", "cluster", "act", "epoch"]) {
      const moved = lines.indexOf(`mv ${host.at(name)}.new`);
      assert.equal(lines[moved - 1], `if=/dev/null of=${host.at(name)}.new conv=notrunc,fsync`, lines.join("\n"));
    }
  });

  it("does nothing if its operator died while sending it, wherever the text was cut", () => {
    claim(2, "act");
    const whole = onHostInput(marking, "some\ndata");
    const from = whole.indexOf('main "$@"; exit\n');
    for (let end = from; end < whole.length - 1; end++) {
      const cut = host.run("bash", ["-s", "--", "mark", "2", "1", "act", "lab", "x y"], whole.slice(0, end));
      assert.equal(ran(), "", `cut after ${end} of ${whole.length}`);
      // bash doesn't run a word that it hasn't read to its end; what it runs says why it stops
      if (cut.status !== 0) assert.match(cut.stderr, /must end with|command not found|unexpected EOF/);
    }
    assert.equal(mark(2, 1, "act").status, 0);
    assert.equal(ran(), "x y|some\ndata\n");
  }).timeout(60_000);

  it("sets etcd's data aside by a rename, even if etcd has its own disk", () => {
    claim(2, "act");
    const own = host.at("own-disk");
    const step = `main() { begin "$@"; member_aside etcd-data; finish; }`;
    const input = onHostInput(ownScript(step, "lib/etcd/data").replaceAll("/var/lib/etcd/", `${own}/`), "");
    const moves = (n: number) => {
      mkdirSync(join(own, "member"), { recursive: true });
      return host.run("bash", ["-s", "--", "quarantine", "2", String(n), "act", "lab"], input);
    };
    assert.match(moves(1).stdout, /etcd's data moved to .*epoch-2\/etcd-data, \d+ bytes/);
    assert.ok(host.has("epoch-2/etcd-data/member"));
    // another device for either folder
    host.program("stat", "#!/bin/sh\necho $RANDOM$$\n");
    const there = moves(2);
    assert.match(there.stdout, /own-disk\/rke-dr-epoch-2\/etcd-data/, there.stderr);
    assert.ok(host.has("own-disk/rke-dr-epoch-2/etcd-data/member"));
  });

  for (const [what, refusing, acts] of [
    ["", "false", ["update --restart=no etcd", "stop -t 10 etcd", "rename etcd old"]],
    // "Cannot update container ...: container not running", of one that restarts over and over
    [
      " and forbids its restart, even if docker refused that at first for a container that was just ending",
      '[[ $1 == update ]] && ! grep -q stop "$RKE_DR_STATE/acts"',
      ["update --restart=no etcd", "stop -t 10 etcd", "update --restart=no etcd", "rename etcd old"],
    ],
  ] as const) {
    it(`stops a container that it sets aside${what}`, () => {
      claim(2, "act");
      host.program(
        "docker",
        `#!/bin/bash\n[[ $1 == inspect ]] || echo "$*" >>$RKE_DR_STATE/acts\n! { ${refusing}; }\n`,
      );
      const step = `main() { begin "$@"; set_process_aside etcd old; finish; }`;
      const result = host.run(
        "bash",
        ["-s", "--", "quarantine", "2", "1", "act", "lab"],
        onHostInput(ownScript(step, "lib/process"), ""),
      );
      assert.equal(result.status, 0, result.stderr);
      assert.deepEqual(host.read("acts").trim().split("\n"), acts);
    });
  }

  it("reports a recorded result again without doing the work again", () => {
    claim(2, "act");
    const first = mark(2, 1, "act");
    const second = mark(2, 1, "act");
    assert.equal(second.stdout, first.stdout);
    assert.match(second.stderr, /already done/);
    assert.equal(ran(), "x y|some\ndata\n");
  });

  for (const [what, again] of [
    ["another generation", () => mark(2, 2, "act")],
    ["other data", () => mark(2, 1, "act", "other data")],
    ["other arguments", () => mark(2, 1, "act", "some\ndata", ["x", "y"])],
  ] as const) {
    it(`runs again for ${what}`, () => {
      claim(2, "act");
      mark(2, 1, "act");
      again();
      assert.equal(ran().match(/\|/g)?.length, 2);
    });
  }

  const refused: [string, () => { status: number | null; stderr: string }, RegExp][] = [
    [
      "an older epoch",
      () => inTurn(claim(3, "act"), mark(2, 1, "act")),
      /an older epoch than the host's is refused: 2, the host is at 3/,
    ],
    [
      "an older epoch's claim",
      () => inTurn(claim(3, "act"), claim(2, "act")),
      /an older epoch than the host's is refused/,
    ],
    [
      "the same epoch by another act",
      () => inTurn(claim(2, "act"), mark(2, 1, "other")),
      /the same epoch with another act is refused: other/,
    ],
    [
      "another act's claim of the same epoch",
      () => inTurn(claim(2, "act"), claim(2, "other")),
      /the same epoch with another act/,
    ],
    [
      "an epoch that wasn't claimed",
      () => inTurn(claim(1, "act"), mark(2, 1, "act")),
      /was not told of epoch 2 \(it is at 1\)/,
    ],
    ["a host that knows nothing", () => mark(2, 1, "act"), /was not told of epoch 2 \(it is at 0\)/],
  ];
  for (const [what, act, why] of refused) {
    it(`refuses ${what}`, () => {
      const result = act();
      assert.equal(result.status, 1);
      assert.match(result.stderr, why);
      assert.equal(ran(), "");
    });
  }

  it("refuses another cluster's act", () => {
    claim(2, "act");
    const result = run("claim", 3, 1, "act", stepScript("claim"), "", [], "shop");
    assert.equal(result.status, 1);
    assert.match(result.stderr, /cluster: this host belongs to cluster lab, not to shop/);
  });

  it("goes on if the operator's connection is cut", () => {
    claim(2, "act");
    const script = ownScript(
      `main() { begin "$@"; exec 1>&- 2>&- 3>&-; did one; did two; echo done >>"$state/ran"; finish; }`,
    );
    run("cut", 2, 1, "act", script);
    assert.equal(ran(), "done\n");
    assert.match(host.read("steps/cut"), /"did":\["one","two"\]/);
  });

  it("takes a decision anew until the old etcd is set aside, and keeps it from then on", () => {
    const kept = () => host.read("epoch-2/plan");
    claim(2, "act", "source=master3\nrevision=1");
    claim(2, "act", "source=master3\nrevision=2");
    assert.equal(kept(), "source=master3\nrevision=2\n");
    host.write("epoch-2/forced", "");
    claim(2, "act", "source=master9\nrevision=3");
    assert.equal(kept(), "source=master3\nrevision=2\n");
  });

  it("reports its reason of failure even if its function's output is captured or goes to a file", () => {
    claim(2, "act");
    const says = ownScript(
      `inner() { say "on the way"; die "of this"; }; main() { begin "$@"; x=$(inner) || true; inner >"$state/out"; }`,
    );
    const { status, stderr } = run("mark", 2, 1, "act", says);
    assert.equal(status, 1);
    assert.equal(stderr.match(/: on the way$/gm)?.length, 2, stderr);
    assert.equal(
      stderr.match(/: error: of this; once that is over or mended, run the same command again$/gm)?.length,
      2,
      stderr,
    );
    assert.equal(host.read("out"), "");
  });

  it("names a failing command and leaves no record", () => {
    claim(2, "act");
    const result = run("broken", 2, 1, "act", ownScript('main() { begin "$@"; cat /nonexistent/file; finish; }'));
    assert.equal(result.status, 1);
    assert.match(result.stderr, /error: `cat \/nonexistent\/file` ended with 1/);
    assert.equal(result.stdout, "");
    assert.ok(!host.has("steps/broken"));
  });

  /** Begins, goes on until a command succeeds, 20 s at most, and ends. */
  const lasting = (command: string, before = "") =>
    ownScript(
      `${before}main() { begin "$@"; echo start >>"$state/ran"; until_true 20 ${command} || die "never"; echo end >>"$state/ran"; finish; }`,
    );
  const slow = lasting("sleep 0.6");
  const background = (step: string, generation: number, act: string, script: string) =>
    new Promise<number | null>((resolve) => {
      const child = spawn("bash", ["-s", "--", step, "2", String(generation), act, "lab"], {
        env: host.env,
        stdio: ["pipe", "ignore", "ignore"],
      });
      child.stdin.end(onHostInput(script, ""));
      child.on("close", resolve);
    });

  it("runs beside a different step, never beside itself", async () => {
    claim(2, "act");
    const met = lasting("both", `both() { (($(grep -c start "$state/ran") == 2)); }; `);
    await Promise.all([background("one", 1, "act", met), background("two", 1, "act", met)]);
    assert.equal(ran(), "start\nstart\nend\nend\n");
    rmSync(host.at("ran"));
    await Promise.all([background("one", 2, "act", slow), background("one", 3, "act", slow)]);
    assert.equal(ran(), "start\nend\nstart\nend\n");
  });

  it("delays a claim until it has ended", async () => {
    claim(2, "act");
    // a claim's own lock comes before it waits for that of all steps
    rmSync(host.at("lock.claim.pid"));
    rmSync(host.at("lock.claim"));
    const step = background(
      "one",
      1,
      "act",
      lasting("waits", "waits() { [[ -e $state/lock.claim ]] && sleep 0.3; }; "),
    );
    await until("its begin", 20, () => ran() !== "");
    const claimed = claim(3, "other");
    assert.equal(claimed.status, 0);
    assert.equal(ran(), "start\nend\n");
    assert.equal(await step, 0);
  });

  describe("a step that waits for another step on its host", () => {
    const waiting = ownScript(
      'main() { begin "$@"; await first finished first; echo second >>"$state/ran"; finish; }',
      "lib/beside",
    );

    it("goes on once the other step has ended in this run", async () => {
      claim(2, "act");
      assert.equal(await background("first", 1, "act", slow), 0);
      const step = background("second", 2, "act", waiting);
      await new Promise((next) => setTimeout(next, 300));
      assert.equal(ran(), "start\nend\n", "an earlier run's result doesn't count");
      assert.equal(await background("first", 2, "act", slow), 0);
      assert.equal(await step, 0);
      assert.equal(ran(), "start\nend\nstart\nend\nsecond\n");
    });

    it("ends without any change if the operator's connection ends meanwhile", async () => {
      claim(2, "act");
      // sshd's process, and `timeout` below it
      const line = "timeout 60 bash -s -- second 2 1 act lab; true";
      const sshd = spawn("bash", ["-c", line], { env: host.env, stdio: ["pipe", "ignore", "ignore"] });
      sshd.stdin?.end(onHostInput(waiting, ""));
      await until("the step's wait", 30, () => host.has("lock.first"));
      sshd.kill("SIGKILL");
      await until("its end", 30, () => host.has("failures/second"));
      assert.match(host.read("failures/second"), /the operator's connection ended before anything was done here/);
      assert.equal(ran(), "");
    });
  });

  it("reports that the host's state can't be written", () => {
    host.write("steps", "");
    assert.notEqual(claim(2, "act").status, 0);
  });
});
