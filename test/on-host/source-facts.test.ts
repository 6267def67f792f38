import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseSourceFiles } from "../../plan/facts/source-files";

const script = join(__dirname, "../../on-host/look/source-facts.sh");
const jobs = join(__dirname, "../../on-host/look/backup-jobs.sh");
const runtime = join(__dirname, "../../on-host/runtimes/docker.sh");
const peers = ["https://192.168.31.101:2380", "https://192.168.31.103:2380"];

/** Bytes like a database's: pages, and a member of the cluster among them. */
function database(peer = peers[0]): Buffer {
  const pages = Buffer.alloc(8192);
  pages.write(`{"id":1,"peerURLs":["${peer}"],"name":"etcd-master1"}`, 4096);
  return pages;
}
const hashed = (bytes: Buffer): Buffer => Buffer.concat([bytes, createHash("sha256").update(bytes).digest()]);

describe("a host's facts about files that a recovery could start from", () => {
  let state: string;
  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), "rke-dr-sources-"));
    mkdirSync(join(state, "snapshots"));
  });
  afterEach(() => rmSync(state, { recursive: true }));
  const at = (name: string) => join(state, "snapshots", name);

  /** @param slow a program that is as if the disk never gave it all, in the last second that there is for reading */
  function facts(
    named = "",
    wanted = peers.join(),
    slow?: "sha256sum" | "grep",
    globs = "",
    others = "",
    docker = "exit 1",
  ) {
    mkdirSync(join(state, "bin"), { recursive: true });
    writeFileSync(join(state, "bin/docker"), `#!/bin/bash\n${docker}\n`, { mode: 0o755 });
    const late = slow === undefined ? "" : "SECONDS=9; PATH=$state/slow:$PATH;";
    if (slow !== undefined) {
      mkdirSync(join(state, "slow"));
      writeFileSync(
        join(state, "slow", slow),
        `#!/bin/sh\ncase $1 in "" | -aqF) exec sleep 60 ;; esac\nPATH=/usr/bin:/bin exec ${slow} "$@"\n`,
        { mode: 0o755 },
      );
    }
    // docker has no image here: of a file without a description nothing more is known
    const code = `set -uo pipefail; state=$1; ${late} section() { :; }; PATH=$state/bin:$PATH; source "$6"; source "$2"; source "$5"; source_facts "$3" "$4" "$7" "$8"`;
    const run = spawnSync("bash", ["-c", code, "bash", state, script, named, wanted, runtime, jobs, globs, others], {
      encoding: "utf8",
      env: { ...process.env, RKE_DR_ROOT: state },
    });
    assert.equal(run.stderr, "");
    return parseSourceFiles(run.stdout);
  }
  const changed = hashed(database());
  changed[100] = 7;

  it("describe the file that a link points to, not the link", () => {
    writeFileSync(at("x.db"), hashed(database()));
    symlinkSync("x.db", at("newest.db"));
    const [seen] = facts(at("newest.db"));
    assert.deepEqual([seen?.path, seen?.state, seen?.bytes], [at("newest.db"), "whole", 8224]);
  });

  for (const name of ["x.db", "etcd-2026-11-21_12:00:00/snapshot.db", "2026-11-21T12:00:00Z,1_etcd"]) {
    it(`have the revision that etcd's own program reads in ${name}, which is mounted by a path without a colon`, () => {
      mkdirSync(dirname(at(name)), { recursive: true });
      writeFileSync(at(name), hashed(database()));
      // docker takes SOURCE:TARGET:ro apart at each colon; etcdctl reads the file at or below TARGET
      const docker = `case $1 in
  images) echo rancher/mirrored-coreos-etcd:v3.5.9 ;;
  run)
    [[ "$*" =~ " -v "([^:,\\ ]+):/source:ro.*" status /source"([^\\ ]*) ]] || exit 125
    [[ \${BASH_REMATCH[1]}\${BASH_REMATCH[2]} -ef "${at(name)}" ]] && echo '{"revision":90}' ;;
esac`;
      assert.equal(facts(at(name), peers.join(), undefined, "", "", docker)[0]?.revision, 90);
    });
  }

  for (const [what, bytes, seen] of [
    ["a snapshot", hashed(database()), "whole"],
    ["a copied database", database(), "unhashed"],
    ["a changed byte", changed, "damaged"],
    ["a snapshot cut within a page", hashed(database()).subarray(0, 5000), "cut"],
    ["a snapshot cut after a page", hashed(database()).subarray(0, 4096), "foreign"],
    ["nothing", Buffer.alloc(0), "empty"],
    ["another cluster's snapshot", hashed(database("https://10.0.0.1:2380")), "foreign"],
  ] as const) {
    it(`call a file "${seen}" that holds ${what}`, () => {
      writeFileSync(at("x.db"), bytes);
      assert.deepEqual(
        facts(at("x.db")).map((f) => [f.path, f.state, f.bytes]),
        [[at("x.db"), seen, bytes.length]],
      );
    });
  }

  for (const [slow, bytes] of [
    ["sha256sum", hashed(database())],
    ["grep", database()],
  ] as const) {
    it(`call each file "unread" that ${slow} doesn't read in time, and keep its description`, () => {
      for (const name of ["x.db", "etcd-master1-20261121T120000Z.db"]) writeFileSync(at(name), bytes);
      writeFileSync(at("etcd-master1-20261121T120000Z.json"), `{"takenAt":1000,"revision":7}\n`);
      const begun = performance.now();
      assert.deepEqual(
        facts(at("x.db"), peers.join(), slow).map((f) => [f.state, f.revision]),
        [
          ["unread", undefined],
          ["unread", 7],
        ],
      );
      assert.ok(performance.now() - begun < 50_000, "the program that never ends isn't waited for");
    });
  }

  it('call a named file "missing" if it doesn\'t exist', () =>
    assert.equal(facts("/nowhere/x.db")[0]?.state, "missing"));
  it("list no file if no peer URLs are given", () => assert.deepEqual(facts("/nowhere/x.db", ""), []));

  /** Files that others have written, oldest first. */
  function written(folder: string, contents: Buffer[], since = 100): string[] {
    return contents.map((bytes, i) => {
      const file = join(state, folder, `etcd-${i}`, "snapshot.db");
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes);
      utimesSync(file, since + i, since + i);
      return file;
    });
  }

  it("list what the topology's patterns and a job's text find, among the schedule's by their times, each once", () => {
    const [older, newer] = written("backups", [hashed(database()), Buffer.alloc(0)]);
    const [byJob] = written("jobs", [hashed(database())], 90);
    mkdirSync(join(state, "etc/cron.d"), { recursive: true });
    writeFileSync(
      join(state, "etc/cron.d/etcd"),
      `1 1 * * * root f=${state}/jobs/etcd-$(date +\\%s); etcdctl snapshot save $f/snapshot.db\n`,
    );
    writeFileSync(at("etcd-master1-20261121T120000Z.db"), hashed(database()));
    writeFileSync(at("etcd-master1-20261121T120000Z.json"), '{"takenAt":50000}\n');
    utimesSync(at("etcd-master1-20261121T120000Z.json"), 50, 50);
    const globs = [`${state}/backups/etcd-*/snapshot.db`, `${state}/jobs/*/snapshot.db`, "/nowhere/*"].join("|");
    assert.deepEqual(
      facts("", peers.join(), undefined, globs).map((f) => [f.path, f.state, f.takenAt]),
      [
        [newer, "empty", 101_000],
        [older, "whole", 100_000],
        [byJob, "whole", 90_000],
        [at("etcd-master1-20261121T120000Z.db"), "whole", 50_000],
      ],
    );
  });

  it("list in peace of each pattern the newest files until one is sound, and none of the schedule's", () => {
    const [, sound, cut] = written("backups", [hashed(database()), hashed(database()), database().subarray(0, 100)]);
    const [other] = written("jobs", [Buffer.alloc(0)]);
    writeFileSync(at("etcd-master1-20261121T120000Z.db"), hashed(database()));
    writeFileSync(at("etcd-master1-20261121T120000Z.json"), "{}\n");
    const globs = [`${state}/backups/*/snapshot.db`, `${state}/jobs/*/snapshot.db`].join("|");
    assert.deepEqual(
      facts("", peers.join(), undefined, globs, "others").map((f) => [f.path, f.state]),
      [
        [cut, "cut"],
        [sound, "whole"],
        [other, "empty"],
      ],
    );
  });

  it("list the schedule's snapshots newest first with their descriptions, without unfinished ones", () => {
    for (const [name, time] of [
      ["etcd-master2-20261121T110000Z", 1],
      ["etcd-master1-20261121T120000Z", 2],
    ] as const) {
      writeFileSync(at(`${name}.db`), hashed(database()));
      writeFileSync(at(`${name}.json`), `{"takenAt":${time}000,"cluster":"lab","revision":${time},"bytes":8224}\n`);
      utimesSync(at(`${name}.json`), time, time);
    }
    writeFileSync(at("etcd-master1-20261121T130000Z.db"), "not finished");
    const found = facts(at("etcd-master2-20261121T110000Z.db"));
    // the named one comes first, and once
    assert.deepEqual(
      found.map((f) => [f.path, f.state, f.revision, f.takenAt, f.described.cluster]),
      [
        [at("etcd-master2-20261121T110000Z.db"), "whole", 1, 1000, "lab"],
        [at("etcd-master1-20261121T120000Z.db"), "whole", 2, 2000, "lab"],
      ],
    );
    assert.equal(facts()[0]?.revision, 2);
  });
});
