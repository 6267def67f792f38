import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { onHostText } from "../../on-host";

/**
 * The voter that a step asks to change members.
 * @param answers etcd's answer to /v3/maintenance/status, by the host in its URL; all of these hosts' /health is good
 */
function asked(answers: Record<string, string>): string {
  const code = `set -euo pipefail
until_true() { shift; "$@"; }
healthy() { answer_of "$1" >/dev/null; }
answer_of() { case $1 in ${Object.entries(answers)
    .map(([host, answer]) => `https://${host}:2379/*) printf %s '${answer}' ;;`)
    .join(" ")} *) return 7 ;; esac; }
${onHostText("lib/etcd/membership")}
ask_members kube-node image https://learner:2379 https://dead.invalid:2379 https://voter:2379
find_quorum || true
printf %s "$via"`;
  const run = spawnSync("bash", ["-c", code], { encoding: "utf8" });
  assert.equal(run.status, 0, run.stderr);
  return run.stdout;
}

describe("the voter that is asked to change etcd's members", () => {
  const status = (isLearner: boolean) => `{"leader":"1","raftIndex":"7"${isLearner ? ',"isLearner":true' : ""}}`;
  const rows: [what: string, answers: Record<string, string>, asked: string][] = [
    [
      "isn't a learner that is to become a voter: etcd 3.4 calls it healthy, and refuses to list members there",
      { learner: status(true), voter: status(false) },
      "https://voter:2379",
    ],
    ["is the first that is healthy", { learner: status(false), voter: status(false) }, "https://learner:2379"],
    ["isn't there if a learner alone answers", { learner: status(true) }, ""],
  ];
  for (const [what, answers, expected] of rows) {
    it(what, () => assert.equal(asked(answers), expected));
  }
});

describe("a member's own status, by etcdctl's columns", () => {
  /** As `endpoint status` prints it: etcd 3.4.23, 3.5.21, 3.6.16, and 3.6.16 while the cluster's version is still 3.5. */
  const lines: Record<string, string> = {
    "3.4": "https://10.77.0.13:2379, 7e921ce0ecd32f39, 3.4.23, 737 kB, true, false, 6, 796, 795, ",
    "3.5": "https://10.77.0.13:2379, 7e921ce0ecd32f39, 3.5.21, 2.2 MB, true, false, 6, 796, 795, ",
    "3.6":
      "https://10.77.0.13:2379, 7e921ce0ecd32f39, 3.6.16, 3.6.0, 2.2 MB, 1.8 MB, 20%, 2.1 GB, true, false, 6, 796, 795, , , false",
    "3.6 of an older cluster":
      "https://10.77.0.13:2379, 7e921ce0ecd32f39, 3.6.16, , 2.2 MB, 1.8 MB, 20%, 2.1 GB, true, false, 6, 796, 795, , , false",
  };
  for (const [etcd, line] of Object.entries(lines)) {
    it(`is read with etcd ${etcd}`, () => {
      const code = `set -euo pipefail; ${onHostText("lib/etcd/membership")}\nfor c in 2 5 6 8 9; do column $c <<<"$1"; done`;
      const run = spawnSync("bash", ["-c", code, "bash", line], { encoding: "utf8" });
      assert.deepEqual(run.stdout.trim().split("\n"), ["7e921ce0ecd32f39", "true", "false", "796", "795"], run.stderr);
    });
  }
});
