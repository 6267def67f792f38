import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { onHostScript } from "../../on-host";
import type { Process } from "../../plan/runtimes/process";
import type { Running } from "../../plan/runtimes/running";
import type { SpecOptions } from "../../plan/runtimes/runtime";
import { processOf, systemd } from "../../plan/runtimes/systemd/systemd";

const library = onHostScript("runtimes/systemd");
const withArgument = (spec: string, argument: string, other: string): string => {
  const script = `set -euo pipefail\n${library}\nspec_with_argument "$1" "$2" "$3"`;
  const run = spawnSync("bash", ["-c", script, "bash", spec, argument, other], { encoding: "utf8" });
  assert.equal(run.stderr, "");
  assert.equal(run.status, 0);
  return run.stdout;
};

const env = '# of an installer\nETCD_NAME=etcd1\nETCD_INITIAL_CLUSTER="a=https://1:2380"\nETCD_X="a b"\n';
const unit = {
  program: "/usr/local/bin/etcd",
  arguments: [],
  envFile: "/etc/etcd.env",
  env,
  unit: "",
  user: undefined,
};
const base = { reported: unit } as unknown as Running;
const members = (list: string): Process => {
  const { cmd, ...rest } = processOf("etcd", unit);
  return {
    ...rest,
    cmd: [...cmd.filter((word) => !word.startsWith("--initial-cluster=")), `--initial-cluster=${list}`],
  };
};
const two = "a=https://1:2380,b=https://2:2380";
const three = `${two},c=https://3:2380`;

describe("a spec of the runtime systemd, with another argument", () => {
  for (const [what, options] of [
    ["a file of settings", { base }],
    ["a program that runs alone", { base, isolated: true, once: true }],
  ] as [string, SpecOptions][]) {
    it(`is the spec of the process with that argument: ${what}`, () => {
      const [one, other] = [two, three].map((list) => systemd.spec(members(list), 4, options));
      assert.notEqual(one, other);
      // `--initial-cluster` stands in the environment of a program that runs alone
      const of = (list: string) => (options.isolated ? `ETCD_INITIAL_CLUSTER=${list}` : `--initial-cluster=${list}`);
      assert.equal(withArgument(one ?? "", of(two), of(three)), other);
    });
  }

  it("is the spec of the process with that argument: a unit of its own", () => {
    const of = (word: string) =>
      systemd.spec({ ...members(two), image: "/x", entrypoint: ["sh", "-c"], cmd: [word], template: undefined }, 4);
    assert.equal(withArgument(of("--some=a,b"), "--some=a,b", "--some=c"), of("--some=c"));
  });

  it("is the spec of the process with that argument, in a line with blanks and the end of line of DOS, which systemd takes for none", () => {
    const own = { ...unit, env: `ETCD_NAME=etcd1\r\n ETCD_INITIAL_CLUSTER = ${two} \r\nETCD_METRICS=basic\r\n` };
    const spec = systemd.spec(processOf("etcd", own), 4, { base: { reported: own } as unknown as Running });
    const text = Buffer.from(
      withArgument(spec, `--initial-cluster=${two}`, `--initial-cluster=${three}`).slice("unit-env:".length),
      "base64",
    ).toString();
    assert.ok(text.includes(`\nETCD_INITIAL_CLUSTER=${three}\n`), text);
  });

  it("is the same spec if it has no such argument, though another one begins like it", () => {
    const spec = systemd.spec(members(two), 4, { base });
    assert.equal(withArgument(spec, "--initial-cluster=a=https://1:2380", "--initial-cluster=x"), spec);
    assert.equal(withArgument(spec, "--initial=b", "--initial=x"), spec);
  });
});

describe("what the runtime systemd tells of a process", () => {
  for (const [what, text] of [
    ["as installers write it", env],
    [
      "with a setting in two lines, as KubeKey 3 writes metrics",
      "ETCD_METRICS=basic\nETCD_NAME=a\nETCD_METRICS=extensive\n",
    ],
    ["with blanks, and the end of line of DOS", "\tETCD_NAME = a b \r\nETCD_METRICS='basic'\r\n"],
    ["with a line that systemd ignores", "export ETCD_NAME=a\n# ETCD_NAME=c\nETCD_METRICS=basic\n"],
    ["with a setting without a value, which etcd ignores", "ETCD_METRICS=basic\nETCD_WAL_DIR=\nETCD_METRICS=\n"],
  ] as const) {
    it(`is the same command as the plan's, by a file ${what}`, () => {
      const onHost = 'is_service() { true; }; words_of() { :; }; env_of() { printf %s "$text"; }; process_command etcd';
      const run = spawnSync("bash", ["-c", `set -euo pipefail\n${library}\n${onHost}`], {
        encoding: "utf8",
        env: { ...process.env, text },
      });
      assert.equal(run.stderr, "");
      assert.deepEqual(run.stdout.split("\n").slice(0, -1), processOf("etcd", { ...unit, env: text }).cmd);
    });
  }

  for (const line of ["User=etcd", "  User = etcd"]) {
    it(`is the user that its unit names: "${line}"`, () => {
      const unitOnHost = `is_service() { true; }
process_history() { echo "running 0 2026-11-29T00:00:00Z"; }
unit_text() { printf '[Service]\\n%s\\n' "$line"; }
env_of() { :; }
words_of() { echo /usr/local/bin/etcd; }
env_file_of() { :; }
describe_each "" etcd`;
      const run = spawnSync("bash", ["-c", `set -euo pipefail\n${library}\n${unitOnHost}`], {
        encoding: "utf8",
        env: { ...process.env, line },
      });
      assert.equal(run.status, 0, run.stderr);
      assert.equal(JSON.parse(run.stdout).user, "etcd");
    });
  }
});
