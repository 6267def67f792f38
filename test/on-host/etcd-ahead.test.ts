import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { describeWithEtcd, freePorts, killAll, type Member, post, serves, startEtcd, urlsOf } from "./etcd-processes";
import { ownScript, stateOfEachTest } from "./host-state";

const etcds = ["etcd", ...(process.env.RKE_DR_ETCD ?? "").split(":").filter((path) => path !== "")];
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const script = ownScript(
  'if put_ahead "$1" "$2"; then echo "ahead $newest"; else echo "refused: $why"; fi',
  "lib/etcd/ahead",
);

type Header = { header: { revision: string } };

describeWithEtcd("a database's revision is put ahead", function () {
  this.timeout(60_000);
  const host = stateOfEachTest({});
  const started: Member["process"][] = [];
  afterEach(() => killAll(started.splice(0)));

  const database = () => host.at("m1/member/snap/db");
  function putAhead(file: string, by: number): string {
    const result = host.run("bash", ["-s", "--", file, String(by)], script);
    assert.equal(result.status, 0, result.stderr);
    return result.stdout.trim();
  }
  /** A cluster of one on the host's data, new or again. Its process ends by SIGTERM, which writes out everything. */
  async function one(etcd: string) {
    const [c, p] = await freePorts();
    const [client, peer] = [`http://127.0.0.1:${c}`, `http://127.0.0.1:${p}`];
    const args = [`--data-dir=${host.at("m1")}`, ...urlsOf(client, peer), `--initial-cluster=m1=${peer}`];
    const process = startEtcd(etcd, host.folder, "m1", args);
    started.push(process);
    await serves(client);
    const put = async (key: string, value: string) =>
      Number(
        ((await post(client, "/v3/kv/put", { key: base64(key), value: base64(value) })) as Header).header.revision,
      );
    const compact = (revision: number) => post(client, "/v3/kv/compaction", { revision, physical: true });
    const all = async (): Promise<unknown> =>
      ((await post(client, "/v3/kv/range", { key: base64("\0"), range_end: base64("\0") })) as { kvs: unknown }).kvs;
    const read = (revision: number) => post(client, "/v3/kv/range", { key: base64("k1"), revision });
    const remove = (key: string) => post(client, "/v3/kv/deleterange", { key: base64(key) });
    const stop = async () => {
      const ended = new Promise((resolve) => process.once("exit", resolve));
      process.kill("SIGTERM");
      await ended;
    };
    return { client, peer, put, compact, all, read, remove, stop };
  }

  for (const etcd of etcds)
    for (const [size, keys] of [
      ["some keys", 30],
      ["so many keys that their pages are a tree", 1500],
    ] as const)
      it(`of ${size}: the next write comes behind it, older revisions are refused, each key stays as it was (${etcd})`, async () => {
        const before = await one(etcd);
        for (let i = 0; i < keys; i++) await before.put(`k${i}`, "x".repeat(100));
        await before.remove("k2");
        await before.compact(20);
        const newest = await before.put("k3", "last");
        const content = await before.all();
        await before.stop();
        const bytes = readFileSync(database());
        assert.equal(putAhead(database(), 1_000_000_000), `ahead ${newest}`);
        const differs = readFileSync(database()).filter((byte, i) => byte !== bytes[i]).length;
        assert.ok(differs >= 2 && differs <= 16, `${differs} bytes differ: two revisions have 16`);

        const after = await one(etcd);
        assert.deepEqual(await after.all(), content);
        await assert.rejects(after.read(newest), /compacted/);
        assert.equal(await after.put("k4", "new"), newest + 1_000_000_001);
        // what etcd does from then on: compact by itself, and start again
        await after.compact(newest + 1_000_000_001);
        const left = await after.all();
        await after.stop();
        const again = await one(etcd);
        assert.deepEqual(await again.all(), left);
        assert.equal(await again.put("k5", "newer"), newest + 1_000_000_002);
      });

  it("and a member that joins afterwards has the same hash", async () => {
    const before = await one("etcd");
    for (let i = 0; i < 60; i++) await before.put(`k${i % 20}`, `value ${i}`);
    await before.remove("k2");
    await before.compact(20);
    await before.stop();
    // only of restored data has the log no entries from before: a member that joins gets the database
    host.run("mv", [host.at("m1"), host.at("before")]);
    const restore = ["snapshot", "restore", host.at("before/member/snap/db"), "--skip-hash-check"];
    const as = ["--name=m1", `--data-dir=${host.at("m1")}`, "--initial-cluster=m1=http://127.0.0.1:1"];
    const restored = etcdctl([...restore, ...as, "--initial-advertise-peer-urls=http://127.0.0.1:1"]);
    assert.equal(restored.status, 0, restored.stderr);
    putAhead(database(), 1_000_000);
    const first = await one("etcd");
    // an etcd that was restored keeps the peer URL that it had; here each start has another
    const members = (await post(first.client, "/v3/cluster/member/list", {})) as { members: { ID: string }[] };
    await post(first.client, "/v3/cluster/member/update", { ID: members.members[0]?.ID, peerURLs: [first.peer] });
    const [c, p] = await freePorts();
    const [client, peer] = [`http://127.0.0.1:${c}`, `http://127.0.0.1:${p}`];
    await post(first.client, "/v3/cluster/member/add", { peerURLs: [peer] });
    const cluster = ["--initial-cluster-state=existing", `--initial-cluster=m1=${first.peer},m2=${peer}`];
    started.push(
      startEtcd("etcd", host.folder, "m2", [`--data-dir=${host.at("m2")}`, ...urlsOf(client, peer), ...cluster]),
    );
    await serves(client);
    await serves(first.client);
    const at = await first.put("k5", "with two members");
    await serves(client);
    const hashes = [first.client, client].map((endpoint) => {
      const args = [`--endpoints=${endpoint}`, "endpoint", "hashkv", `--rev=${at}`, "-w", "json"];
      const { stdout, stderr } = etcdctl(args);
      return /"hash":\d+,"compact_revision":\d+/.exec(stdout)?.[0] ?? stderr;
    });
    assert.match(hashes[0] ?? "", /^"hash":\d+/);
    assert.equal(hashes[1], hashes[0]);
  });

  const etcdctl = (args: string[]) =>
    spawnSync("etcdctl", args, { encoding: "utf8", env: { ...process.env, ETCDCTL_API: "3" } });

  it("by a revision above 2^32", async () => {
    const before = await one("etcd");
    const at = await before.put("k1", "x");
    await before.compact(at);
    await before.stop();
    assert.equal(putAhead(database(), 5_000_000_000_000), `ahead ${at}`);
    const after = await one("etcd");
    assert.equal(await after.put("k1", "y"), at + 5_000_000_000_001);
  });

  it("not if it was never compacted, because then it has no place for that", async () => {
    const before = await one("etcd");
    await before.put("k1", "x");
    await before.stop();
    const bytes = readFileSync(database());
    assert.equal(putAhead(database(), 1000), `refused: ${database()} was never compacted`);
    assert.ok(readFileSync(database()).equals(bytes));
  });

  it("not if its pages aren't as etcd writes them: nothing is written then", async () => {
    const before = await one("etcd");
    const at = await before.put("k1", "x");
    await before.compact(at);
    await before.stop();
    const damaged = host.at("damaged.db");
    const reset = () => copyFileSync(database(), damaged);
    const harm: [string, () => void, RegExp][] = [
      ["both descriptions damaged", () => overwrite(damaged, [16 + 40, 4096 + 16 + 40]), /isn't a database of etcd/],
      ["cut behind the descriptions", () => truncateSync(damaged, 8192), /page \d+ of .* isn't as etcd writes it/],
      ["empty", () => writeFileSync(damaged, ""), /isn't a database of etcd/],
    ];
    for (const [name, damage, why] of harm) {
      reset();
      damage();
      const bytes = readFileSync(damaged);
      assert.match(putAhead(damaged, 1000), why, name);
      assert.ok(readFileSync(damaged).equals(bytes), name);
      assert.equal(statSync(damaged).size, bytes.length);
    }
  });

  function overwrite(file: string, offsets: number[]): void {
    const bytes = readFileSync(file);
    for (const offset of offsets) bytes[offset] = (bytes[offset] ?? 0) ^ 0xff;
    writeFileSync(file, bytes);
  }
});
