import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../lab/machine/run";
import { onHostScript } from "../../on-host";
import type { Snapshot, SnapshotRun } from "../../plan/facts/snapshots";
import { bashLine } from "../../reach/command-line";
import { describeWithEtcd } from "./etcd-processes";
import { freePort } from "./free-port";

/** Stands in for the way to the voter, not for the voter: what would run there runs here, on a real etcd. */
const ssh = `#!/bin/bash
[ ! -e "$PLAY/ssh-fails" ] || { echo "ssh: connect to host: No route to host" >&2; exit 255; }
bash -c "\${@: -1}" | if [ -e "$PLAY/garble" ]; then bash "$PLAY/garble"; else cat; fi
exit "\${PIPESTATUS[0]}"
`;
const docker = `#!/bin/bash
case $1 in
  inspect) [ ! -e "$PLAY/etcd-off" ] && echo true ;;
  exec) shift 2; exec "\${@//\\/var\\/lib\\/rancher\\/etcd/$PLAY\\/etcd}" ;;
esac
`;

describeWithEtcd("scheduled snapshots on a deploy host", () => {
  let play: string;
  let etcd: ChildProcess;
  let client: string;
  const kept = () => join(play, "state/snapshots");

  before(async () => {
    play = mkdtempSync(join(tmpdir(), "rke-dr-snapshots-"));
    const [a, b] = [await freePort(), await freePort()];
    client = `http://127.0.0.1:${a}`;
    const peer = `http://127.0.0.1:${b}`;
    const args = ["--data-dir", join(play, "data"), "--listen-client-urls", client, "--advertise-client-urls", client];
    const peers = [
      "--listen-peer-urls",
      peer,
      "--initial-advertise-peer-urls",
      peer,
      "--initial-cluster",
      `default=${peer}`,
    ];
    etcd = spawn("etcd", [...args, ...peers], { stdio: "ignore" });
    for (const folder of ["bin", "here", "etcd", "state/snapshots"]) mkdirSync(join(play, folder), { recursive: true });
    writeFileSync(join(play, "bin/ssh"), ssh, { mode: 0o755 });
    writeFileSync(join(play, "bin/docker"), docker, { mode: 0o755 });
    await until("etcd", 50, () => etcdctl("put", "a", "b").status === 0);
  });
  after(() => {
    etcd?.kill("SIGKILL");
    rmSync(play, { recursive: true, force: true });
  });
  beforeEach(() => {
    for (const name of ["ssh-fails", "garble", "etcd-off"]) rmSync(join(play, name), { force: true });
    rmSync(kept(), { recursive: true });
    mkdirSync(kept());
    writeFileSync(join(kept(), "status"), `${"{}".padEnd(2000)}\n`);
    writeFileSync(join(play, "state/cluster"), "lab\n");
    writeFileSync(join(play, "state/epoch"), "1\n");
    for (const name of ["loop", "take", "voter"])
      writeFileSync(join(play, `here/${name}.sh`), onHostScript(`resident/snapshots/${name}`));
    configure({});
  });

  const configure = (change: Record<string, string | number>, voters = ["master1=root@10.0.0.1:22"]) =>
    writeFileSync(
      join(play, "here/config"),
      [
        ...Object.entries({ every: 3600, count: 24, days: 7, cluster: "lab", ...change }).map(([k, v]) => `${k}=${v}`),
        ...voters.map((v) => `voter=${v}`),
        ...["root", "rke"].map((user) => `line=${user}=${bashLine(user, { seconds: 60, killAfter: 1 })}`),
      ].join("\n"),
    );
  const env = () => ({
    PATH: `${play}/bin:${process.env.PATH}`,
    PLAY: play,
    RKE_DR_STATE: join(play, "state"),
    RKE_DR_ETCD: join(play, "etcd"),
    ETCDCTL_API: "3",
    ETCDCTL_ENDPOINTS: client,
  });
  const etcdctl = (...args: string[]) => spawnSync("etcdctl", args, { encoding: "utf8", env: env() });
  const take = () => spawnSync("bash", [join(play, "here/take.sh")], { encoding: "utf8", env: env() });
  const lastRun = () => JSON.parse(readFileSync(join(kept(), "status"), "utf8")) as SnapshotRun;
  const files = () =>
    readdirSync(kept())
      .filter((f) => f.startsWith("etcd-") || f.startsWith("incoming"))
      .sort();
  const described = () => files().filter((f) => f.endsWith(".json"));
  /** An older snapshot, as an earlier run would have left it. */
  const older = (time: string, content = "old") => {
    const bytes = Buffer.from(content);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(kept(), `etcd-master1-${time}.db`), bytes);
    writeFileSync(
      join(kept(), `etcd-master1-${time}.json`),
      `{"takenAt":1,"bytes":${bytes.length},"sha256":"${sha256}"}\n`,
    );
  };

  it("a voter's user who isn't root gives one by sudo", () => {
    writeFileSync(join(play, "bin/sudo"), `#!/bin/sh\nprintf '%s\\n' "$*" >"$PLAY/sudo-ran"\nshift 2\nexec "$@"\n`, {
      mode: 0o755,
    });
    configure({}, ["master1=rke@10.0.0.1:2222"]);
    const result = take();
    assert.equal(result.status, 0, result.stdout + result.stderr);
    assert.equal(readFileSync(join(play, "sudo-ran"), "utf8"), "-n -k timeout -k 1 60 bash -s -- lab 1\n");
    assert.equal(described().length, 1);
  });

  it("no command runs on a voter of whose user the configuration says nothing", () => {
    configure({}, ["master1=ops@10.0.0.1:22"]);
    assert.equal(take().status, 1);
    assert.match(JSON.stringify(lastRun()), /no voter gave a snapshot: master1: .*config has no command line for ops/);
  });

  it("a run takes a snapshot and describes it, and a real etcdctl restores it", () => {
    const result = take();
    assert.equal(result.status, 0, result.stdout + result.stderr);
    const [db = "", json = "", ...more] = files();
    assert.deepEqual(more, []);
    assert.match(db, /^etcd-master1-\d{8}T\d{6}Z\.db$/);
    const file = readFileSync(join(kept(), db));
    const told = JSON.parse(readFileSync(join(kept(), json), "utf8")) as Snapshot;
    assert.equal(told.sha256, createHash("sha256").update(file).digest("hex"));
    assert.equal(told.bytes, file.length);
    const status = JSON.parse(etcdctl("snapshot", "status", join(kept(), db), "-w", "json").stdout);
    assert.deepEqual([told.hash, told.revision], [status.hash, status.revision]);
    const endpoint = etcdctl("endpoint", "status", "-w", "json").stdout;
    assert.ok(endpoint.includes(`"cluster_id":${told.clusterId},`), endpoint);
    assert.ok(Math.abs(told.takenAt - Date.now()) < 60_000);
    assert.deepEqual([told.host, told.cluster, told.epoch], ["master1", "lab", 1]);
    const restored = etcdctl("snapshot", "restore", join(kept(), db), "--data-dir", join(play, "restored"));
    assert.equal(restored.status, 0, restored.stderr);
    assert.deepEqual([lastRun().ok, readdirSync(join(play, "etcd"))], [true, []]);
  });

  const refusals: [string, () => void, RegExp][] = [
    [
      "another cluster's voter",
      () => configure({ cluster: "shop" }),
      /master1: it belongs to cluster lab, not to shop/,
    ],
    ["no route", () => writeFileSync(join(play, "ssh-fails"), ""), /master1: ssh: connect to host: No route to host/],
    ["an etcd that is down", () => writeFileSync(join(play, "etcd-off"), ""), /master1: its etcd doesn't run/],
    [
      "a connection cut in the middle",
      () => writeFileSync(join(play, "garble"), "head -c 9000"),
      /what arrived \(\d+ bytes/,
    ],
    [
      "a bit that turned",
      () => writeFileSync(join(play, "garble"), "sed 's/default/defaulT/g'"),
      /what arrived \(\d+ bytes/,
    ],
    [
      "something else than a snapshot",
      () => writeFileSync(join(play, "garble"), "cat >/dev/null; echo Welcome"),
      /what arrived \(0 bytes.*Welcome/,
    ],
    [
      "a file that isn't what etcd wrote",
      () =>
        writeFileSync(
          join(play, "garble"),
          `IFS= read -r header; cat >"$PLAY/f"; printf 'x' | dd of="$PLAY/f" bs=1 seek=5000 conv=notrunc 2>/dev/null; echo "\${header%sha256=*}sha256=$(sha256sum "$PLAY/f" | cut -d' ' -f1)"; cat "$PLAY/f"`,
        ),
      /the snapshot's own hash doesn't fit it/,
    ],
  ];
  for (const [what, change, why] of refusals) {
    it(`a run reports ${what} and keeps no new snapshot; older ones stay`, () => {
      older("20261101T000000Z");
      change();
      assert.equal(take().status, 1);
      const run = lastRun();
      assert.ok(!run.ok && why.test(run.reason), JSON.stringify(run));
      assert.deepEqual(files(), ["etcd-master1-20261101T000000Z.db", "etcd-master1-20261101T000000Z.json"]);
      assert.deepEqual(readdirSync(join(play, "etcd")), []);
    });
  }

  it("a run takes no snapshot from a voter of an older epoch", () => {
    // the voter's own state: here both are one host's, so the deploy host's epoch changes between
    writeFileSync(join(play, "bin/ssh"), ssh.replace("bash -c", `echo 7 >"$RKE_DR_STATE/epoch"; bash -c`), {
      mode: 0o755,
    });
    const result = take();
    writeFileSync(join(play, "bin/ssh"), ssh, { mode: 0o755 });
    assert.equal(result.status, 1);
    const run = lastRun();
    assert.ok(!run.ok && run.reason.includes("it is at epoch 7, the deploy host at 1"), JSON.stringify(run));
  });

  it("a run asks the next voter if the first fails", () => {
    configure({}, ["master9=root@10.0.0.9:22", "master1=root@10.0.0.1:22"]);
    writeFileSync(
      join(play, "bin/ssh"),
      ssh.replace("bash -c", `[[ $* != *10.0.0.9* ]] || { echo "ssh: refused" >&2; exit 255; }\nbash -c`),
      { mode: 0o755 },
    );
    const result = take();
    writeFileSync(join(play, "bin/ssh"), ssh, { mode: 0o755 });
    assert.match(result.stdout, /etcd-master1-.*; not from master9: ssh: refused/);
    assert.ok(lastRun().ok);
  });

  it("a killed run's leftovers don't count as a snapshot, and the next run deletes them", async () => {
    writeFileSync(join(play, "garble"), `head -c 9000; touch "$PLAY/halfway"; sleep 60`);
    const child = spawn("bash", [join(play, "here/take.sh")], { env: env(), stdio: "ignore", detached: true });
    await until("half a snapshot", 30, () => existsSync(join(play, "halfway")));
    const second = take();
    assert.deepEqual([second.status, /another run is at work/.test(second.stdout)], [3, true]);
    process.kill(-(child.pid ?? 0), "SIGKILL");
    rmSync(join(play, "garble"));
    writeFileSync(join(kept(), "etcd-master1-20261101T000000Z.db"), "no .json: unfinished");
    await until("the next run", 30, () => take().status === 0);
    assert.deepEqual(
      files().map((f) => f.replace(/.*\./, "")),
      ["db", "json"],
    );
  });

  it("a run finds an old snapshot whose content has changed, and no longer counts it", () => {
    older("20261101T000000Z");
    writeFileSync(join(kept(), "etcd-master1-20261101T000000Z.db"), "odd");
    assert.match(take().stdout, /etcd-master1-20261101T000000Z\.db is damaged/);
    assert.equal(described().length, 1);
    assert.ok(files().includes("etcd-master1-20261101T000000Z.damaged"));
  });

  it("a run keeps the newest by count and the last of each day by age, and deletes the rest", () => {
    configure({ count: 3, days: 4 });
    const day = (ago: number, time: string) =>
      `${new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10).replaceAll("-", "")}T${time}Z`;
    let stays: string[];
    let today: string;
    do {
      today = day(0, "000000");
      stays = [day(1, "230000"), day(1, "220000"), day(2, "120000"), day(3, "235959")];
      const goes = [day(1, "210000"), day(2, "110000"), day(3, "000000"), day(9, "120000")];
      rmSync(kept(), { recursive: true });
      mkdirSync(kept());
      for (const time of [...stays, ...goes]) older(time);
      take();
      // once more where the day has changed meanwhile
    } while (today !== day(0, "000000"));
    const times = described().map((f) => f.replace(/etcd-master1-(.*)\.json/, "$1"));
    assert.deepEqual(times.slice(0, -1), [...stays].sort());
    assert.deepEqual(files().filter((f) => f.endsWith(".db")).length, times.length);
  });

  it("the loop takes a snapshot if there is none, waits while it is fresh, and takes one at once if asked", async () => {
    const run = async (what: string, holds: () => boolean) => {
      const loop = spawn("bash", [join(play, "here/loop.sh")], { env: env(), stdio: "ignore" });
      await until(what, 30, holds);
      loop.kill("SIGTERM");
      await new Promise((resolve) => loop.once("exit", resolve));
    };
    await run("a snapshot", () => lastRun().ok);
    const first = lastRun();
    let looks = 0;
    await run("some looks", () => ++looks > 12);
    assert.deepEqual(lastRun(), first);
    // a snapshot's name tells the second in which it was taken
    const second = Math.floor(Date.now() / 1000);
    await until("the next second", 5, () => Math.floor(Date.now() / 1000) > second);
    writeFileSync(join(play, "here/now"), "");
    await run("the next one", () => lastRun().at > first.at);
    assert.equal(described().length, 2);
  });
});
