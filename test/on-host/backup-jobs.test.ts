import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { backupScript } from "../../lab/installers/etcd-files";
import { parseJobs } from "../../plan/facts/source-files";

const script = join(__dirname, "../../on-host/look/backup-jobs.sh");

/** The patterns of files that a shell's text saves snapshots to; "" for one that can't be told. */
function targets(text: string): string[] {
  const run = spawnSync("bash", ["-c", 'set -uo pipefail; source "$1"; backup_targets', "bash", script], {
    encoding: "utf8",
    input: text,
  });
  assert.equal(run.stderr, "");
  return run.stdout.split("\n").slice(0, -1);
}

describe("where a script saves snapshots of etcd", () => {
  for (const [what, text, found] of [
    [
      "a folder by the time, with the command's options behind the file, as KubeKey's older script",
      'BACKUP_DIR="/var/backups/kube_etcd/etcd-$(date +%Y-%m-%d-%H-%M-%S)"\n[ ! -d $BACKUP_DIR ] && mkdir -p $BACKUP_DIR\n{\nexport ETCDCTL_API=3;$ETCDCTL_PATH --endpoints="$ENDPOINTS" snapshot save $BACKUP_DIR/snapshot.db \\\n  --cacert="$CA"\n} > /dev/null\n',
      ["/var/backups/kube_etcd/etcd-*/snapshot.db"],
    ],
    [
      "a folder that a variable of the environment may replace, as KubeKey's newer script",
      'BACKUP_DIR="$' +
        '{BACKUP_DIR:-/var/backups/kube_etcd/timer/etcd-$(date +%F)}"\netcdctl snapshot save $BACKUP_DIR/snapshot.db > /dev/null\n',
      ["/var/backups/kube_etcd/timer/etcd-*/snapshot.db"],
    ],
    [
      "the lab's own script",
      backupScript("ETCD_CERT_FILE=/x\n", { name: "h1", address: "10.0.0.1" }),
      ["/var/backups/kube_etcd/etcd-*/snapshot.db"],
    ],
    [
      "a line of a crontab, with backticks and a file behind >",
      "0 3 * * * root ETCDCTL_API=3 /usr/bin/etcdctl --cacert /x snapshot save /backup/etcd-`date +\\%F`.db >>/var/log/x 2>&1\n",
      ["/backup/etcd-*.db"],
    ],
    [
      "a file that is moved to its place",
      'd=/srv/etcd\netcdctl snapshot save /tmp/s.db && mv -f /tmp/s.db "$d/$(hostname)/"\n',
      ["/tmp/s.db", "/srv/etcd/*/s.db"],
    ],
    [
      "an option with a value of its own before the file",
      "etcdctl snapshot save --endpoints https://x --debug /backups/'a b'/x.db /y\n",
      [""],
    ],
    ["a value that is set anew by itself", "d=/a\nd=$d/b\netcdctl snapshot save $d/x.db\n", ["/a/b/x.db"]],
    ["a name that only a run tells", "etcdctl snapshot save $1\netcdctl snapshot save $(mktemp)\n", ["", ""]],
    [
      "no more than a file at the root, or above it",
      "etcdctl snapshot save /x.db; etcdctl snapshot save /a/../x.db\n",
      ["", ""],
    ],
    [
      "a comment, and a status",
      "# etcdctl snapshot save /a/x.db\netcdctl snapshot status /a/x.db # snapshot save /a/y.db\n",
      [],
    ],
    [
      "nothing that the text would run",
      "d=$(touch /tmp/never-$(id -u))/a\netcdctl snapshot save /b/$d.db\n",
      ["/b/*/a.db"],
    ],
  ] as const) {
    it(`is told from ${what}`, () => assert.deepEqual(targets(text), found));
  }
});

describe("the jobs of a host that save snapshots of etcd", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "rke-dr-jobs-"));
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const file = (path: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { mode });
  };
  function jobs() {
    const run = spawnSync("bash", ["-c", 'set -uo pipefail; source "$1"; backup_jobs', "bash", script], {
      encoding: "utf8",
      env: { ...process.env, RKE_DR_ROOT: root },
    });
    assert.equal(run.stderr, "");
    return parseJobs(run.stdout.replaceAll(root, ""));
  }
  const saves = "#!/bin/sh\nf=/b/etcd-$(date +%s).db\netcdctl snapshot save $f\n";

  it("are those of root's crontab, of cron.d, and of cron's folders of scripts; not of a comment", () => {
    file("/usr/local/bin/save.sh", saves);
    file(
      "/var/spool/cron/crontabs/root",
      `# sh ${root}/usr/local/bin/no.sh\n*/30 * * * * sh ${root}/usr/local/bin/save.sh\n`,
    );
    file("/etc/cron.d/etcd", "PATH=/bin\n1 1 * * * root etcdctl snapshot save /c/x.db\n");
    file("/etc/cron.daily/etcd", saves, 0o755);
    file("/usr/local/bin/no.sh", saves);
    assert.deepEqual(jobs(), [
      { by: "/var/spool/cron/crontabs/root", script: "/usr/local/bin/save.sh", glob: "/b/etcd-*.db" },
      { by: "/etc/cron.d/etcd", script: undefined, glob: "/c/x.db" },
      { by: "/etc/cron.daily", script: "/etc/cron.daily/etcd", glob: "/b/etcd-*.db" },
    ]);
  });

  it("are those of a timer, by its own name or by the unit that it names; a unit without a timer isn't one", () => {
    file("/usr/local/bin/save.sh", saves);
    const service = `[Service]\nType=oneshot\nExecStart=-/bin/sh -c '${root}/usr/local/bin/save.sh >/dev/null'\n`;
    file("/etc/systemd/system/etcd-backup.timer", "[Timer]\nOnCalendar=hourly\n");
    file("/etc/systemd/system/etcd-backup.service", service);
    file("/etc/systemd/system/nightly.timer", "[Timer]\nUnit=other.service\n");
    file("/etc/systemd/system/other.service", "[Service]\nExecStart=/usr/bin/etcdctl snapshot save $TARGET\n");
    file("/etc/systemd/system/alone.service", service);
    assert.deepEqual(jobs(), [
      { by: "etcd-backup.timer", script: "/usr/local/bin/save.sh", glob: "/b/etcd-*.db" },
      { by: "nightly.timer", script: undefined, glob: undefined },
    ]);
  });

  it("are those of a timer, too, whose files have blanks around keys, as systemd takes them", () => {
    file("/usr/local/bin/save.sh", saves);
    file("/etc/systemd/system/nightly.timer", "[Timer]\n  Unit = other.service\n");
    file("/etc/systemd/system/other.service", `[Service]\n  ExecStart = ${root}/usr/local/bin/save.sh\n`);
    assert.deepEqual(jobs(), [{ by: "nightly.timer", script: "/usr/local/bin/save.sh", glob: "/b/etcd-*.db" }]);
  });

  it("are none on a host that has neither, and none for a program or a folder that a crontab names", () => {
    assert.deepEqual(jobs(), []);
    file("/etc/crontab", `1 1 * * * root ${process.execPath} ${root}/etc\n`);
    assert.deepEqual(jobs(), []);
  });
});
