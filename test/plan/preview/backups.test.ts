import assert from "node:assert/strict";
import type { Observation } from "../../../plan/facts/observation";
import { type BackupJob, finds, type SourceFile } from "../../../plan/facts/source-files";
import { backupProblems, describeBackups } from "../../../plan/preview/backups";
import { allHosts, type Topology } from "../../../plan/topology/topology";
import { now, survivor } from "../worlds/observations";
import { seed } from "../worlds/topologies";

const minute = 60_000;
const glob = "/var/backups/kube_etcd/etcd-*/snapshot.db";
const job: BackupJob = { by: "/var/spool/cron/crontabs/root", script: "/opt/save.sh", glob };
const file = (ago: number, change: Partial<SourceFile> = {}): SourceFile => ({
  path: `/var/backups/kube_etcd/etcd-${ago}/snapshot.db`,
  state: "whole",
  bytes: 5000,
  takenAt: now - ago * minute,
  revision: 400,
  described: { bytes: undefined, cluster: undefined },
  ...change,
});

function told(files: SourceFile[], jobs: BackupJob[] = [job], sources: string[] = []) {
  const topology: Topology = { ...seed(), sources };
  const hosts = allHosts(topology);
  const own = (name: string) => (name === "master3" ? { files, jobs, clockSkew: 0 } : { jobs: [] });
  const seen: Observation = {
    hosts: Object.fromEntries(hosts.map((h) => [h.name, survivor(topology, h, own(h.name))])),
    answers: [],
    at: now,
  };
  return { lines: describeBackups(topology, hosts, seen), problems: backupProblems(topology, hosts, seen) };
}
const by = `master3: ${glob}, by /opt/save.sh (/var/spool/cron/crontabs/root)`;

describe("snapshots that others write, in preview", () => {
  it("say how old the newest sound one is, and warn of nothing if it is the newest", () => {
    assert.deepEqual(told([file(31), file(61)]), {
      lines: [`${by}: the newest sound one is 31 min old, revision 400, 5000 bytes, ${file(31).path}`],
      problems: [],
    });
  });

  it("don't take a newer file that isn't sound for a backup, and name it with the reason", () => {
    const { lines, problems } = told([file(1, { state: "empty", bytes: 0 }), file(2, { state: "cut" }), file(61)]);
    assert.match(String(lines), /the newest sound one is 1 h 1 min old, .*; 2 newer ones aren't sound$/);
    assert.deepEqual(problems, [
      `${by}: the newest snapshot isn't sound: ${file(1).path}: it is empty; the newest sound one is 1 h 1 min old`,
    ]);
  });

  for (const [what, files, why] of [
    ["that has left no file", [], "no file is there"],
    [
      "all of whose files are empty",
      [file(5, { state: "empty" }), file(9, { state: "empty" })],
      `2 looked at; the newest, ${file(5).path}: it is empty`,
    ],
    [
      "whose file is another cluster's",
      [file(5, { state: "foreign" })],
      `1 looked at; the newest, ${file(5).path}: it is another cluster's: none of its members is of this topology`,
    ],
  ] as const) {
    it(`warn of a job ${what}`, () => {
      assert.deepEqual(told([...files]), {
        lines: [`${by}: none is sound: ${why}`],
        problems: [`${by}: the job has left no sound snapshot: ${why}`],
      });
    });
  }

  it("don't call a job's file unsound that there was no time to read", () => {
    const why = `1 looked at; the newest, ${file(5).path}: there was no time to read it`;
    assert.deepEqual(told([file(5, { state: "unread" })]), {
      lines: [`${by}: not known if one is sound: ${why}`],
      problems: [`${by}: it isn't known if the job has left a sound snapshot: ${why}`],
    });
  });

  it("ask for topology.sources if a job's text doesn't say where it writes", () => {
    const { lines, problems } = told([], [{ by: "nightly.timer", script: undefined, glob: undefined }]);
    assert.deepEqual(lines, ["master3: nightly.timer saves snapshots; its text doesn't say where"]);
    assert.match(String(problems), /^master3: nightly.timer saves .* name the files in topology\.sources$/);
  });

  it("are also those of the topology's own patterns, said only of hosts that have some", () => {
    const { lines, problems } = told([file(31)], [], [glob, "/elsewhere/*.db"]);
    assert.deepEqual(
      [lines, problems],
      [[`master3: ${glob}: the newest sound one is 31 min old, revision 400, 5000 bytes, ${file(31).path}`], []],
    );
  });

  it("are found by patterns as a shell finds them: * stays within one name", () => {
    assert.ok(finds("/b/etcd-*/s.db", "/b/etcd-1.2+3/s.db"));
    assert.ok(!finds("/b/*/s.db", "/b/c/d/s.db"));
    assert.ok(!finds("/b/s.db", "/b/sxdb"));
    assert.ok(finds("/b/?.db", "/b/1.db"));
  });
});
