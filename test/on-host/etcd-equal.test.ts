import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { onHostInput, stepScript } from "../../on-host";
import { makeCertificates } from "./certificates";
import { describeWithEtcd, freePorts, killAll, type Member, post, serves, startEtcd, urlsOf } from "./etcd-processes";
import { ownScript, stateOfEachTest } from "./host-state";
import { curl, docker } from "./process-containers";

/** Debian's etcd 3.4, and further ones by path. From 3.5.22 and 3.6.1 on, no members differ: those are no use here. */
const etcds = ["etcd", ...(process.env.RKE_DR_ETCD ?? "").split(":").filter((path) => path !== "")];
const base64 = (text: string): string => Buffer.from(text).toString("base64");

describeWithEtcd("members of etcd whose data may differ", function () {
  this.timeout(120_000);
  const started: Member["process"][] = [];
  // before the hook by which the state's folder goes
  afterEach(async () => {
    await killAll(started.splice(0));
    for (const name of readdirSync(host.at("containers"))) host.run(host.at("docker"), ["kill", name]);
  });
  const host = stateOfEachTest({ epoch: "3\n", act: "primary\n" }, { docker, curl });
  beforeEach(() => {
    for (const folder of ["containers", "etcd"]) mkdirSync(host.at(folder));
    const paths = ["kube-ca.pem", "ca-key.pem", "kube-etcd.pem", "kube-etcd-key.pem"].map((name) => host.at(name));
    makeCertificates(...(paths as [string, string, string, string]));
  });
  const put = (client: string, key: string) =>
    post(client, "/v3/kv/put", { key: base64(key), value: base64(`value of ${key}`) });

  /** Starts m3 on its data, and waits until it serves. */
  async function alone(etcd: string, voter: Member, ...flags: string[]): Promise<Member> {
    const own = startEtcd(etcd, host.at("cluster"), "m3", [
      `--data-dir=${voter.data}`,
      ...urlsOf(voter.client, voter.peer),
      `--initial-cluster=m3=${voter.peer}`,
      ...flags,
    ]);
    started.push(own);
    await serves(voter.client);
    return { ...voter, process: own };
  }
  async function end(voter: Member): Promise<void> {
    const exit = once(voter.process, "exit");
    voter.process.kill("SIGTERM");
    await exit;
  }
  async function restarted(etcd: string, voter: Member, ...flags: string[]): Promise<Member> {
    await end(voter);
    return alone(etcd, voter, ...flags);
  }

  /** A voter by itself, with some keys. */
  async function sound(etcd: string): Promise<Member> {
    const [client, peer] = (await freePorts()).map((port) => `http://127.0.0.1:${port}`) as [string, string];
    const voter = await alone(etcd, { name: "m3", client, peer, data: host.at("cluster/m3") } as Member);
    for (let i = 0; i < 20; i++) await put(client, `key-${i}`);
    return voter;
  }

  /**
   * A voter whose database has a key that its log lacks, as --force-new-cluster leaves it: whoever joins by the log differs from it. Here the
   * voter gets back its log of a moment before; after a kill chance decides which entry the log lacks, and a version's changes no data.
   */
  async function databaseAhead(etcd: string): Promise<Member> {
    let voter = await sound(etcd);
    const log = `${voter.data}/member/wal`;
    const before = host.at("cluster/wal-before");
    await end(voter);
    cpSync(log, before, { recursive: true });
    voter = await alone(etcd, voter);
    await put(voter.client, "only-in-the-database");
    await end(voter);
    rmSync(log, { recursive: true });
    cpSync(before, log, { recursive: true });
    voter = await alone(etcd, voter);
    // each start adds an entry; what would stand at an index that the database has already would never be applied
    for (let i = 0; i < 3; i++) voter = await restarted(etcd, voter);
    for (let i = 0; i < 5; i++) await put(voter.client, `later-${i}`);
    return voter;
  }

  /** The host of m1, which joins m3 by step etcd-join. */
  async function joiner(etcd: string, voter: Member) {
    const [client, peer] = (await freePorts()).map((port) => `http://127.0.0.1:${port}`) as [string, string];
    const cluster = `m3=${voter.peer},m1=${peer}`;
    const body = (state: string) => {
      const urls = urlsOf(client, peer);
      const told = [`--initial-cluster=${cluster}`, `--initial-cluster-state=${state}`];
      return JSON.stringify({
        Cmd: ["--name=m1", `--data-dir=${host.at("etcd")}`, ...urls, ...told],
        Image: "image",
        Env: [],
      });
    };
    const script = stepScript("etcd-join")
      .replaceAll("/var/lib/etcd", host.at("etcd"))
      .replaceAll("/etc/kubernetes/ssl", host.folder);
    let generation = 0;
    const join = (wanted: "voter" | "learner", text = script) => {
      const own = [wanted, "m1", "kube-etcd", client, "image", cluster, voter.client];
      const args = ["-s", "--", "etcd-join", "3", `${++generation}`, "primary", "lab", ...own];
      const bodies = [body("existing"), body(wanted === "voter" ? "new" : "existing")].join("\n");
      const env = { ...host.env, ETCD: etcd };
      return spawnSync("bash", args, { input: onHostInput(text, bodies), encoding: "utf8", env });
    };
    return { client, peer, script, join };
  }

  /** Names of the members, a learner's as NAME(learner). */
  const members = async (voter: Member) => {
    const answer = (await post(voter.client, "/v3/cluster/member/list", {})) as {
      members: { name: string; isLearner?: boolean }[];
    };
    return answer.members.map((m) => `${m.name}${m.isLearner ? "(learner)" : ""}`).sort();
  };

  let generation = 0;
  /** Compares once, by the library alone. Returns hashes_equal's status and its words. */
  const compare = (...peers: string[]) =>
    host
      .step(
        ["own", 3, ++generation, "primary", "lab", ...peers],
        ownScript(
          'main() { local result=0 why="" compared="" at="" newest=0; begin; hashes_equal kube-etcd "$@" || result=$?; say "$result $compared $why"; finish; }',
          "lib/etcd/compare",
        ).replaceAll("/etc/kubernetes/ssl", host.folder),
      )
      .stderr.replace(/^[^:]*: /, "");

  for (const etcd of etcds) {
    it(`are promoted if a hash of all keys is the same (${etcd})`, async () => {
      const voter = await sound(etcd);
      const { join, client } = await joiner(etcd, voter);
      const joined = join("voter");
      assert.equal(joined.status, 0, joined.stderr);
      assert.match(
        joined.stderr,
        /its data equals the cluster's: hash \d+ of all keys at revision 21 on m1, m3\n[\s\S]*promoted/,
      );
      assert.match(joined.stdout, /"data":"hash \d+ of all keys at revision 21 on m1, m3"/);
      assert.deepEqual(await members(voter), ["m1", "m3"]);
      await serves(client);
    });

    it(`are never promoted if it differs twice, and both hashes are reported (${etcd})`, async () => {
      const voter = await databaseAhead(etcd);
      const { join } = await joiner(etcd, voter);
      const joined = join("voter");
      assert.equal(joined.status, 1, joined.stderr);
      const hashes = "hashes of all keys at revision \\d+: m1 has (\\d+), m3 has (\\d+)";
      assert.match(joined.stderr, new RegExp(`data here differs from the cluster's, ${hashes}: it is set aside`));
      assert.match(joined.stderr, new RegExp(`data of m1 differs again .*${hashes}; it has no vote`));
      assert.deepEqual(await members(voter), ["m1(learner)", "m3"]);
      // the data of the first attempt lies aside
      assert.equal(readdirSync(host.at("epoch-3")).filter((name) => name.startsWith("etcd-data-")).length, 1);
    });

    it(`join anew by the voter's database, and are promoted then (${etcd})`, async () => {
      let voter = await databaseAhead(etcd);
      const { join, script } = await joiner(etcd, voter);
      // a run that was killed when its learner had caught up
      const killed = join("voter", script.replace("equals_cluster || join_anew", "exit 1"));
      assert.equal(killed.status, 1, killed.stderr);
      assert.deepEqual(await members(voter), ["m1(learner)", "m3"]);
      // the voter keeps no log from before a snapshot over a restart
      voter = await restarted(etcd, voter, "--snapshot-count=1");
      for (let i = 0; i < 5; i++) await put(voter.client, `newest-${i}`);
      voter = await restarted(etcd, voter);
      const joined = join("voter");
      assert.equal(joined.status, 0, joined.stderr);
      assert.match(
        joined.stderr,
        /an earlier run began this[\s\S]*differs from the cluster's[\s\S]*its data equals[\s\S]*promoted/,
      );
      assert.deepEqual(await members(voter), ["m1", "m3"]);
    });

    it(`follow as a learner only if a hash of all keys is the same (${etcd})`, async () => {
      const voter = await databaseAhead(etcd);
      const { join } = await joiner(etcd, voter);
      const joined = join("learner");
      assert.equal(joined.status, 1, joined.stderr);
      assert.match(joined.stderr, /data of m1 differs again/);
    });
  }

  it("are asked with the member's certificate, and not compared if one of them doesn't answer", async () => {
    const [client, peer, other] = await freePorts();
    const files = ["cert", "key", "trusted-ca"].map(
      (of, i) => `--peer-${of}-file=${host.at(["kube-etcd.pem", "kube-etcd-key.pem", "kube-ca.pem"][i] ?? "")}`,
    );
    const urls = urlsOf(`http://127.0.0.1:${client}`, `https://127.0.0.1:${peer}`);
    const cluster = `--initial-cluster=m3=https://127.0.0.1:${peer}`;
    const args = [`--data-dir=${host.at("cluster/m3")}`, ...urls, cluster, ...files, "--peer-client-cert-auth"];
    started.push(startEtcd("etcd", host.at("cluster"), "m3", args));
    await serves(`http://127.0.0.1:${client}`);
    for (let i = 0; i < 3; i++) await put(`http://127.0.0.1:${client}`, `key-${i}`);
    const own = `m3=https://127.0.0.1:${peer}`;
    assert.match(compare(own, own), /^0 hash \d+ of all keys at revision 4 on m3, m3/);
    assert.match(compare(own, `m1=https://127.0.0.1:${other}`), /^2 .*m1 gives no hash of its data/);
  });
});
