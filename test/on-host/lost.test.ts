import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { stepScript } from "../../on-host";
import { readKeys, readValue } from "../../plan/acts/lost/compare";
import { describeWithEtcd, killAll, type Member, post, startEtcd, threeMembers, urlsOf } from "./etcd-processes";
import { freePort } from "./free-port";
import { stateOfEachTest } from "./host-state";
import { walEnd } from "./wal";

/** A docker whose images are this machine's etcd and etcdctl; the scratch etcd listens at ports of its own. */
const docker = `#!/bin/bash
export ETCDCTL_API=3
pid=$RKE_DR_STATE/scratch.pid
case $1 in
  run)
    shift
    source=""
    while [[ $1 != --entrypoint ]]; do
      [[ $1 != -v || $2 != *:/source.db:* ]] || source=\${2%%:*}
      shift
    done
    program=$2
    arguments=("\${@:4}")
    arguments=("\${arguments[@]//\\/scratch/$RKE_DR_STATE/lost}")
    arguments=("\${arguments[@]/\\/source.db/$source}")
    case $program in
      etcdutl) echo "executable file not found"; exit 127 ;;
      etcd) echo $$ >"$pid"; exec etcd "\${arguments[@]}" $SCRATCH_URLS ;;
      *) exec "$program" "\${arguments[@]}" ;;
    esac ;;
  exec)
    if [[ -e $RKE_DR_STATE/slow && $* == *--keys-only* ]]; then
      kill -STOP "$(cat "$pid")"
      { sleep 6; kill -CONT "$(cat "$pid")"; } >/dev/null 2>&1 &
    fi
    shift 2; exec "\${@/http:\\/\\/127.0.0.1:2379/$SCRATCH_CLIENT}" ;;
  inspect) cat "$pid" ;;
  rm) [[ \${*: -1} != *etcd || ! -s $pid ]] || { kill -KILL "$(cat "$pid")"; rm -f "$pid"; } 2>/dev/null ;;
esac
exit 0
`;

describeWithEtcd("the scratch etcd that reads data which lies aside", function () {
  this.timeout(90_000);
  const started: Member["process"][] = [];
  const host = stateOfEachTest({}, { docker });
  afterEach(() => killAll(started.splice(0)));

  /** Runs the script on DATA with these requests. @returns what it answered, a line each */
  async function read(data: string, ...requests: string[]) {
    const [client, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
    const input = `${stepScript("lost")}\nmain "$@"; exit\n${requests.map((r) => `${r}\n`).join("")}`;
    const words = ["lost", "0", "0", "lost", "lab", data, "image", "/registry"];
    const run = host.run(
      "env",
      [`SCRATCH_URLS=${urlsOf(client, peer).join(" ")}`, `SCRATCH_CLIENT=${client}`, "bash", "-s", "--", ...words],
      input,
    );
    return { ...run, answers: run.stdout.split("\n").slice(0, -1) };
  }
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const put = (client: string, key: string, value: string) =>
    post(client, "/v3/kv/put", { key: base64(key), value: base64(value) });
  /** Names, times, owners and modes of all files, folders and links, and the files' content. */
  const sums = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .map((e) => ({ isFile: e.isFile(), path: join(e.parentPath, e.name) }))
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map(({ isFile, path }) => {
        const { mtimeNs, ctimeNs, ino, uid, gid, mode, size } = lstatSync(path, { bigint: true });
        const content = isFile ? createHash("sha256").update(readFileSync(path)).digest("hex") : "";
        return `${path} ${[mtimeNs, ctimeNs, ino, uid, gid, mode, size].join(" ")} ${content}`;
      });

  const keys = Array.from({ length: 40 }, (_, i) => `/registry/configmaps/d/${i}`);
  /** A voter that was killed right after writes, whose WAL holds acknowledged entries that it hasn't marked as committed. */
  async function killedAhead(): Promise<Member> {
    for (let attempt = 1; ; attempt++) {
      const members = await threeMembers("etcd", host.at(`cluster-${attempt}`));
      started.push(...members.map((m) => m.process));
      const [{ client }] = members;
      await put(client, "/elsewhere", "x");
      for (const [i, key] of keys.entries()) await put(client, key, `value ${i}`);
      await killAll(started.splice(0));
      const ahead = members.find(({ data }) => walEnd(data).lastEntry > walEnd(data).commit);
      if (ahead) return ahead;
      assert.ok(attempt < 8, "in 8 kills no acknowledged write stood behind a WAL's commit index");
    }
  }

  it("has what only the WAL of a killed voter has, and changes nothing of the data", async () => {
    const voter = await killedAhead();
    const before = sums(voter.data);
    const run = await read(voter.data, "keys", `value ${keys[39]}`, "value /registry/none", "bogus");
    assert.equal(run.status, 0, run.stderr);
    const [listed = "", last = "", none = "", refused = ""] = run.answers;
    assert.deepEqual(
      readKeys(listed)
        .keys.map((k) => k.key)
        .sort(),
      keys.sort(),
    );
    assert.equal(readValue(last)?.toString(), "value 39");
    assert.equal(readValue(none), undefined);
    assert.equal(refused, "!unknown request bogus");
    assert.deepEqual(sums(voter.data), before);
    assert.ok(!host.has("lost") && !host.has("scratch.pid"), "nothing of it stays");
  });

  it("writes nothing to data whose WAL and database lie elsewhere, by links, or have a second name", async () => {
    const { data } = await killedAhead();
    const elsewhere = host.at("elsewhere");
    mkdirSync(elsewhere);
    renameSync(join(data, "member/wal"), join(elsewhere, "wal"));
    symlinkSync(join(elsewhere, "wal"), join(data, "member/wal"));
    renameSync(join(data, "member/snap/db"), join(elsewhere, "db"));
    symlinkSync(join(elsewhere, "db"), join(data, "member/snap/db"));
    linkSync(join(elsewhere, "db"), join(elsewhere, "db.second-name"));
    const before = [...sums(data), ...sums(elsewhere)];
    const run = await read(data, "keys");
    assert.equal(run.status, 0, run.stderr);
    assert.equal(readKeys(run.answers[0] ?? "").keys.length, keys.length, run.stderr);
    assert.deepEqual([...sums(data), ...sums(elsewhere)], before);
  });

  it("reports how far it is while a copy or an answer takes long, and gives a slow etcd more than 5 s", async () => {
    const voter = await killedAhead();
    host.program("sleep", '#!/bin/sh\ncase $1 in 10) exec /bin/sleep 0.2 ;; *) exec /bin/sleep "$@" ;; esac\n');
    host.program("cp", '#!/bin/sh\n/bin/sleep 1\nexec /bin/cp "$@"\n');
    const copied = await read(voter.data);
    assert.match(copied.stderr, /copies \S+, \d+ bytes\n[\s\S]*copied so far: \d+ bytes, for \d+ s\n/);
    host.write("slow", "");
    const run = await read(voter.data, "keys");
    assert.equal(readKeys(run.answers[0] ?? "").keys.length, keys.length, run.stderr);
    assert.match(run.stderr, /works on request keys, for \d+ s\n/);
  });

  it("reads a snapshot", async () => {
    const [client, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
    const data = host.at("single");
    const one = startEtcd("etcd", host.at("logs"), "one", [
      `--data-dir=${data}`,
      ...urlsOf(client, peer),
      `--initial-cluster=one=${peer}`,
    ]);
    started.push(one);
    const deadline = Date.now() + 30_000;
    while (!(await put(client, "/registry/a", "1").catch(() => undefined))) assert.ok(Date.now() < deadline);
    const saved = spawnSync("etcdctl", ["--endpoints", client, "snapshot", "save", host.at("snapshot.db")], {
      env: { ...process.env, ETCDCTL_API: "3" },
    });
    assert.equal(saved.status, 0, String(saved.stderr));
    const run = await read(host.at("snapshot.db"), "keys");
    assert.equal(run.status, 0, run.stderr);
    assert.deepEqual(
      readKeys(run.answers[0] ?? "").keys.map((k) => k.key),
      ["/registry/a"],
    );
  });

  it("ends with one clear error if there is no data, or it is damaged, and leaves nothing", async () => {
    const missing = await read(host.at("nothing"), "keys");
    assert.notEqual(missing.status, 0);
    assert.match(missing.stderr, /error: data: \S+nothing must be there: it isn't/);
    mkdirSync(host.at("damaged/member/wal"), { recursive: true });
    mkdirSync(host.at("damaged/member/snap"));
    host.write("damaged/member/snap/db", "no database");
    const damaged = await read(host.at("damaged"), "keys");
    assert.notEqual(damaged.status, 0);
    assert.match(damaged.stderr, /read without what only its WAL has: \S+ holds no WAL[\s\S]*error: etcd: /);
    assert.ok(!host.has("lost"));
  });
});
