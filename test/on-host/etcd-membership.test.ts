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
