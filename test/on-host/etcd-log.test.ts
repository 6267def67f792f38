import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { onHostScript } from "../../on-host";

const fatalLines = (log: string): string => {
  const script = `${onHostScript("lib/etcd/log")}\nfatal_lines`;
  const { status, stdout } = spawnSync("bash", ["-c", script], { encoding: "utf8", input: log });
  assert.equal(status, stdout === "" ? 1 : 0);
  return stdout;
};

describe("the lines in which etcd says what ended it", () => {
  for (const [what, line] of [
    [
      "the settings of its check for corruption (3.6.16)",
      '{"level":"info","caller":"embed/etcd.go:323","msg":"starting an etcd server","etcd-version":"3.6.16","initial-corrupt-check":false,"corrupt-check-time-interval":"0s"}',
    ],
    [
      "a variable's name (3.5.21)",
      '{"level":"info","caller":"flags/flag.go:113","msg":"recognized and used environment variable","variable-name":"ETCD_EXPERIMENTAL_INITIAL_CORRUPT_CHECK","variable-value":"true"}',
    ],
    [
      "a check that was passed (3.6.16)",
      '{"level":"info","caller":"etcdserver/corrupt.go:171","msg":"initial corruption checking passed; no corruption","local-member-id":"8e9e05c52164694d"}',
    ],
    [
      "a readiness probe without quorum (3.6.16)",
      '{"level":"error","caller":"etcdhttp/health.go:345","msg":"Health check error","path":"/readyz","reason":"[-]linearizable_read failed: etcdserver: request timed out\\n[+]data_corruption ok\\n","status-code":503}',
    ],
  ] as const) {
    it(`don't include ${what}`, () => assert.equal(fatalLines(`${line}\n`), ""));
  }

  for (const [what, line] of [
    ["a panic of 3.4", "2026-11-30 04:07:25.358987 C | mvcc/backend: cannot open database at /x/db (invalid database)"],
    ["Go's own line of it", "panic: freepages: failed to get all reachable pages"],
    ["a fault of Go's runtime", "fatal error: fault"],
    [
      "a panic from 3.5 on",
      '{"level":"panic","caller":"backend/backend.go:205","msg":"failed to open database","error":"invalid database"}',
    ],
    [
      "data that differs from the other members'",
      '{"level":"fatal","caller":"etcdmain/etcd.go:204","msg":"discovery failed","error":"8e9e05c52164694d found data inconsistency with peers"}',
    ],
  ] as const) {
    it(`include ${what}`, () => {
      const around = '{"level":"info","msg":"starting an etcd server"}';
      assert.equal(
        fatalLines(`${around}\n${line}\ngoroutine 1 [running]:\ngo.uber.org/zap.(*Logger).Panic(0x1)\n`),
        `${line}\n`,
      );
    });
  }
});
