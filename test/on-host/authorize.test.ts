import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { onHostText, stepScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";

const me = userInfo().username;
const keys = ["ssh-ed25519 AAAA1 rke-dr:master1", 'command="echo it",restrict ssh-ed25519 AAAA2 rke-dr:return-guard'];

describe("the deploy hosts' keys on a host", () => {
  // the user's home is a folder of the test's own, and $HOME another one, as sudo may leave it
  const host = stateOfEachTest(
    { epoch: "1\n", act: "primary\n" },
    { getent: '#!/bin/sh\n[ "$1 $2" != "passwd gone" ] || exit 2\necho "$2:x:1:1::$RKE_DR_STATE/home:/bin/sh"\n' },
  );
  beforeEach(() => mkdirSync(host.at("home")));
  const authorize = (generation: number, home: string, ...user: string[]) => {
    const args = ["authorize", 1, generation, "primary", "lab", ...user];
    return host.step(args, `HOME='${host.at(home)}'\n${stepScript("authorize")}`, keys.join("\n"));
  };
  const file = (home: string) => host.at(home, ".ssh/authorized_keys");
  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

  it("are allowed to root, in its $HOME", () => {
    const result = authorize(1, "home");
    assert.equal(result.status, 0, result.stderr);
    assert.equal(readFileSync(file("home"), "utf8"), `${keys.join("\n")}\n`);
    assert.deepEqual([mode(host.at("home/.ssh")), mode(file("home"))], ["700", "600"]);
  });

  it("are allowed to another user, in the home of the user's account, and the user owns what is new", () => {
    const result = authorize(1, "nowhere", me);
    assert.equal(result.status, 0, result.stderr);
    assert.ok(!host.has("nowhere"));
    assert.equal(readFileSync(file("home"), "utf8"), `${keys.join("\n")}\n`);
    assert.deepEqual([mode(host.at("home/.ssh")), mode(file("home"))], ["700", "600"]);
  });

  it("replace only their own earlier lines, and leave owner and mode of the user's file as they were", () => {
    mkdirSync(host.at("home/.ssh"));
    writeFileSync(file("home"), "ssh-rsa BBBB someone\nssh-ed25519 OLD rke-dr:master1\n");
    chmodSync(file("home"), 0o640);
    assert.equal(authorize(1, "nowhere", me).status, 0);
    assert.deepEqual(readFileSync(file("home"), "utf8").trim().split("\n"), ["ssh-rsa BBBB someone", ...keys]);
    assert.equal(mode(file("home")), "640");
  });

  it("are the deploy hosts' of now: a host that deploys no more is let in no more", () => {
    mkdirSync(host.at("home/.ssh"));
    writeFileSync(
      file("home"),
      "ssh-rsa BBBB someone\nssh-ed25519 OLD rke-dr:master2\nssh-ed25519 OLD rke-dr:master1\n",
    );
    const result = authorize(1, "home");
    assert.match(result.stderr, /the key of master2 is removed: it is no deploy host any more/);
    assert.deepEqual(readFileSync(file("home"), "utf8").trim().split("\n"), ["ssh-rsa BBBB someone", ...keys]);
  });

  it("are refused to a user without a home, and nothing is made", () => {
    const result = authorize(1, "nowhere", "gone");
    assert.equal(result.status, 1);
    assert.match(result.stderr, /authorized_keys: the home folder of gone is missing: ""/);
  });
});

describe("a host's facts about SSH's user", () => {
  const host = stateOfEachTest(
    { list: "" },
    {
      sudo: '#!/bin/sh\n[ "$*" = "-n -l -U rke" ] && cat "$RKE_DR_STATE/list"\n',
      runuser: '#!/bin/sh\n[ "$1 $2 $3" = "-u rke --" ] && [ -e "$RKE_DR_STATE/open" ]\n',
    },
  );
  const listed = (defaults: string, rule = "(ALL) NOPASSWD: ALL") =>
    `Matching Defaults entries for rke on h:\n    env_reset, mail_badpass,\n    ${defaults}\n\nUser rke may run the following commands on h:\n    ${rule}\n`;
  const told = (user?: string) => {
    const facts = onHostText("look/facts");
    const [body] = /^login_facts\(\) \{[\s\S]*?^\}/m.exec(facts) ?? [""];
    const docker = onHostText("runtimes/docker");
    const result = host.run("bash", [
      "-c",
      `set -uo pipefail\n${docker}\n${user === undefined ? "unset SUDO_USER" : `SUDO_USER=${user}`}\n${body}\nlogin_facts`,
    ]);
    assert.equal(result.stderr, "");
    return result.stdout.trim().split("\n");
  };

  it("are none if root logs in, or sudo made root root", () => {
    assert.deepEqual(told(), [""]);
    assert.deepEqual(told("root"), [""]);
  });

  it("name the user, and say if docker is open to the user", () => {
    host.write("list", listed("use_pty"));
    assert.deepEqual(told("rke"), ["user=rke"]);
    host.write("open", "");
    assert.deepEqual(told("rke"), ["user=rke", "userRuntime=yes"]);
  });

  for (const [what, list, recorded] of [
    ["log_input among the last options", listed("use_pty, log_input"), true],
    ["log_input before others", listed("log_input, use_pty"), true],
    ["log_stdin", listed("log_stdin, use_pty"), true],
    ["a rule's tag", listed("use_pty", "(ALL) NOPASSWD: LOG_INPUT: ALL"), true],
    ["log_input turned off for the user", listed("use_pty, !log_input"), false],
    ["log_input for all, turned off for the user", listed("log_input, use_pty, !log_input"), false],
    ["log_input turned off for all, and on for the user", listed("!log_input, use_pty, log_input"), true],
    ["log_input, but not by the rule", listed("log_input", "(ALL) NOPASSWD: NOLOG_INPUT: ALL"), false],
    ["output alone", listed("log_output, log_stdout"), false],
    ["a rule's tag that turns it off", listed("use_pty", "(ALL) NOPASSWD: NOLOG_INPUT: ALL"), false],
  ] as const) {
    it(`say ${recorded ? "" : "no word "}that sudo records stdin: ${what}`, () => {
      host.write("list", list);
      assert.equal(told("rke").includes("stdinRecorded=yes"), recorded);
    });
  }
});
