import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onHostScript } from "../../on-host";
import { parseSamples, type Sample } from "../../plan/review/ready";
import { describeWithEtcd, killAll, type Member, threeMembers } from "./etcd-processes";

/** Stands in for the way to a host: what would run there runs here, on its own real etcd. */
const ssh = `#!/bin/bash
for word; do case $word in *@*) target=$word ;; esac; done
host=\${target#*@}
[ ! -e "$PLAY/off-$host" ] || exit 255
HOST=$host bash -c "\${@: -1}"
`;
/** The one process that hosts have in docker is etcd; each host asks its own, whose URL is in a file. */
const docker = `#!/bin/bash
case $1 in
  inspect) [ -e "$PLAY/url-\${HOST:-m3}" ] && echo true ;;
  exec)
    url=$(cat "$PLAY/url-\${HOST:-m3}")
    shift
    if [ "$1" = -e ]; then url=\${2#*=}; shift 2; fi
    shift 2
    ETCDCTL_API=3 exec etcdctl --endpoints="$url" "$@" ;;
esac
`;

describeWithEtcd("ready.sh on a deploy host", function () {
  this.timeout(60_000);
  let play: string;
  let members: Member[];
  const path = (...parts: string[]) => join(play, ...parts);

  before(async () => {
    play = mkdtempSync(join(tmpdir(), "rke-dr-ready-"));
    members = await threeMembers("etcd", path("etcd"));
    for (const folder of ["bin", "here", "state/snapshots", "deploy/ssh", "state/rehearsals"])
      mkdirSync(path(folder), { recursive: true });
    writeFileSync(path("bin/ssh"), ssh, { mode: 0o755 });
    writeFileSync(path("bin/docker"), docker, { mode: 0o755 });
    for (const name of ["ready", "ready-host"])
      writeFileSync(path(`here/${name}.sh`), onHostScript(`resident/snapshots/${name}`));
    for (const m of members) writeFileSync(path(`url-${m.name}`), m.client);
    writeFileSync(path("state/epoch"), "1\n");
    writeFileSync(path("deploy/ssh/id_ed25519"), "");
    writeFileSync(path("deploy/cluster.yml"), "nodes: []\n\n");
    const others = (name: string) =>
      members
        .filter((m) => m.name !== name)
        .map((m) => m.client)
        .join(",");
    const sum = createHash("sha256").update("nodes: []").digest("hex");
    writeFileSync(
      path("here/config"),
      [
        "every=3600",
        "cluster=lab",
        "self=m3",
        ...["m1=root@m1:22=other", "m2=root@m2:22=other", "m3=root@m3:22=own"].map(
          (host) => `host=${host}=${others(host.slice(0, 2))}`,
        ),
        "deploy=m1",
        `clusterYml=${sum}`,
        "line=root=timeout 20 bash -s --",
      ].join("\n"),
    );
  });
  after(async () => {
    await killAll(members.map((m) => m.process));
    rmSync(play, { recursive: true, force: true });
  });

  const env = () => ({
    PATH: `${path("bin")}:${process.env.PATH}`,
    PLAY: play,
    RKE_DR_STATE: path("state"),
    RKE_DR_DEPLOY: path("deploy"),
    RKE_DR_SSH: path("deploy/ssh"),
  });
  function ready(): Sample[] {
    const { stdout, stderr, status } = spawnSync("bash", [path("here/ready.sh")], { encoding: "utf8", env: env() });
    assert.deepEqual([status, stderr], [0, ""]);
    return parseSamples(stdout);
  }
  /** Runs it as the loop does, which keeps what was seen. */
  function written(): string {
    const file = path("metrics/rke-dr.prom");
    const { stdout, stderr } = spawnSync("bash", [path("here/ready.sh"), file], { encoding: "utf8", env: env() });
    assert.equal(stdout + stderr, "");
    return file;
  }
  const value = (samples: Sample[], metric: string, host = "m3") =>
    samples.find((s) => s.metric === metric && s.labels.host === host)?.value;
  const snapshot = (
    time: string,
    takenAt: number,
    content: string,
    sha256 = createHash("sha256").update(content).digest("hex"),
  ) => {
    writeFileSync(path(`state/snapshots/etcd-m1-${time}.db`), content);
    writeFileSync(
      path(`state/snapshots/etcd-m1-${time}.json`),
      `{"takenAt":${takenAt},"host":"m1","sha256":"${sha256}"}\n`,
    );
  };

  it("says of each member that it has every acknowledged write, and since when", () => {
    const before = Date.now() / 1000;
    const samples = ready();
    for (const { name } of members) {
      assert.equal(value(samples, "host_answers", name), 1, name);
      assert.equal(value(samples, "member_runs", name), 1, name);
      assert.equal(value(samples, "member_lag_entries", name), 0, name);
      const caughtUp = value(samples, "member_caught_up_timestamp_seconds", name) ?? 0;
      assert.ok(caughtUp >= before && caughtUp <= Date.now() / 1000, `${name}: ${caughtUp}`);
    }
    const loses = value(samples, "failover_loses_at_most_seconds") ?? Number.NaN;
    assert.ok(loses >= 0 && loses < 30, String(loses));
  });

  it("says that a host doesn't answer, and still what the own side would lose", () => {
    writeFileSync(path("off-m1"), "");
    const samples = ready();
    rmSync(path("off-m1"));
    assert.equal(value(samples, "host_answers", "m1"), 0);
    assert.equal(value(samples, "member_runs", "m1"), undefined);
    assert.ok((value(samples, "failover_loses_at_most_seconds") ?? 99) < 30);
  });

  it("counts from the last moment at which the member had caught up, once it is cut off from its leader", async () => {
    const first = value(parseSamples(readFileSync(written(), "utf8")), "member_caught_up_timestamp_seconds");
    // stopped processes keep their ports and answer nothing, as hosts behind a cut link do
    const others = members.filter((m) => m.name !== "m3");
    for (const m of others) m.process.kill("SIGSTOP");
    for (const m of others) writeFileSync(path(`off-${m.name}`), "");
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const samples = parseSamples(readFileSync(written(), "utf8"));
    for (const m of others) m.process.kill("SIGCONT");
    for (const m of others) rmSync(path(`off-${m.name}`));
    assert.equal(value(samples, "member_caught_up_timestamp_seconds"), first);
    assert.ok((value(samples, "failover_loses_at_most_seconds") ?? 0) >= 2);
  });

  it("falls back on the newest snapshot that is sound, if no member is there", () => {
    rmSync(path("url-m3"));
    rmSync(path("state/ready"), { recursive: true, force: true });
    const taken = Date.now() - 600_000;
    snapshot("20261121T120000Z", taken, "data");
    writeFileSync(path("state/snapshots/status"), '{"at":1,"ok":true}');
    const sound = ready();
    assert.equal(value(sound, "member_runs"), 0);
    assert.equal(value(sound, "snapshot_sound"), 1);
    assert.equal(value(sound, "snapshot_last_run_ok"), 1);
    assert.equal(value(sound, "snapshot_timestamp_seconds"), taken / 1000);
    const loses = value(sound, "failover_loses_at_most_seconds") ?? 0;
    assert.ok(loses >= 600 && loses < 660, String(loses));
    snapshot("20261121T130000Z", taken, "data", "0".repeat(64));
    const unsound = ready();
    assert.equal(value(unsound, "snapshot_sound"), 0);
    assert.equal(value(unsound, "failover_loses_at_most_seconds"), undefined);
    writeFileSync(path("url-m3"), members[2]?.client ?? "");
  });

  it("reads a snapshot whole once, sound or damaged, and again when the file has changed", () => {
    const reads = () => {
      rmSync(path("read"), { force: true });
      const [sample] = ready().filter((s) => s.metric === "snapshot_sound");
      return [sample?.value, existsSync(path("read")) ? readFileSync(path("read"), "utf8").length : 0];
    };
    writeFileSync(
      path("bin/sha256sum"),
      '#!/bin/sh\ncase "$1" in *.db) printf x >>"$PLAY/read" ;; esac\nexec /usr/bin/sha256sum "$@"\n',
      { mode: 0o755 },
    );
    snapshot("20261121T140000Z", Date.now(), "data", "0".repeat(64));
    assert.deepEqual(
      [reads(), reads()],
      [
        [0, 1],
        [0, 0],
      ],
    );
    // the same size, in its place
    const right = createHash("sha256").update("tada").digest("hex");
    snapshot("20261121T140000Z", Date.now(), "tada", right);
    assert.deepEqual(
      [reads(), reads()],
      [
        [1, 1],
        [1, 0],
      ],
    );
    writeFileSync(path("state/snapshots/etcd-m1-20261121T140000Z.db"), "dada");
    assert.deepEqual(
      [reads(), reads()],
      [
        [0, 1],
        [0, 0],
      ],
    );
  });

  it("tells the last rehearsal's age, result and time", () => {
    const report = (verified: boolean) =>
      `${JSON.stringify({ startedAt: "2026-11-01T10:00:00.000Z", recoverySeconds: 12.25, verified }, null, 2)}\n`;
    writeFileSync(path("state/rehearsals/20261101T100000Z.json"), report(true));
    const samples = ready();
    assert.equal(value(samples, "rehearsal_timestamp_seconds"), Date.parse("2026-11-01T10:00:00Z") / 1000);
    assert.deepEqual([value(samples, "rehearsal_verified"), value(samples, "failover_takes_seconds")], [1, 12.25]);
    writeFileSync(path("state/rehearsals/20261102T100000Z.json"), report(false));
    assert.equal(value(ready(), "rehearsal_verified"), 0);
  });

  it("compares cluster.yml with git, whatever line feeds end it", () => {
    const same = () => ready().find((s) => s.metric === "deploy_file_same" && s.labels.as === "git")?.value;
    assert.equal(same(), 1);
    writeFileSync(path("deploy/cluster.yml"), "nodes: [other]\n");
    assert.equal(same(), 0);
    writeFileSync(path("deploy/cluster.yml"), "nodes: []\n");
  });

  it("replaces its file in one step, readable for node_exporter, and leaves nothing beside it", () => {
    const file = written();
    assert.equal(statSync(file).mode & 0o777, 0o644);
    assert.deepEqual(spawnSync("ls", [path("metrics")], { encoding: "utf8" }).stdout, "rke-dr.prom\n");
    const text = readFileSync(file, "utf8");
    const headed = [...text.matchAll(/^# TYPE rke_dr_(\w+) gauge$/gm)].map(([, name]) => name);
    assert.equal(new Set(headed).size, headed.length);
    assert.ok(parseSamples(text).every((s) => headed.includes(s.metric) && s.labels.cluster === "lab"));
    const promtool = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
    if (!promtool.error) assert.deepEqual([promtool.status, promtool.stderr], [0, ""]);
  });
});

describe("a certificate's end", () => {
  const script = onHostScript("resident/snapshots/ready-host");
  const functions = /^from_hex\(\)[\s\S]*?^\}/m.exec(script)?.[0] ?? "";
  // times from 2050 on have four digits for the year (RFC 5280)
  for (const days of [1, 400, 9000, 20_000]) {
    it(`is read without openssl, as openssl says it: ${days} days`, () => {
      const folder = mkdtempSync(join(tmpdir(), "rke-dr-cert-"));
      const file = join(folder, "a.pem");
      const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=a"];
      const made = spawnSync("openssl", [...args, "-days", String(days), "-keyout", join(folder, "key"), "-out", file]);
      assert.equal(made.status, 0);
      const said = spawnSync("openssl", ["x509", "-in", file, "-noout", "-enddate"], { encoding: "utf8" }).stdout;
      const { stdout, stderr } = spawnSync("bash", ["-c", `${functions}\ncertificate_end "$1"`, "bash", file], {
        encoding: "utf8",
      });
      rmSync(folder, { recursive: true });
      assert.equal(Number(stdout), Date.parse(said.replace("notAfter=", "")) / 1000, stderr);
    });
  }
});
