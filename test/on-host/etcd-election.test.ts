import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import fc from "fast-check";
import { Reader } from "protobufjs/minimal";
import { onHostInput, onHostScript } from "../../on-host";
import { makeCertificates } from "./certificates";
import { describeWithEtcd } from "./etcd-processes";
import { freePort } from "./free-port";
import { ownScript, stateOfEachTest } from "./host-state";

/** raftpb.MessageType. */
const MsgTimeoutNow = 14;
const told = /received MsgTimeoutNow from \w+ and starts an election/;
/** Raft's words when the wait for a leader is over. */
const waited = /is starting a new election at term/;

describe("a lone etcd is made to elect itself", function () {
  this.timeout(60_000);
  const host = stateOfEachTest({ epoch: "2\n", act: "failover\n" });
  const library = () => onHostScript("lib/etcd/election").replaceAll("/etc/kubernetes/ssl", host.folder);

  it("raft's own message asks for the election, whatever the member's ID", () => {
    const ids = [1n, 0x7fn, 0x80n, 0x7fff_ffffn, 0xffff_ffffn, 1n << 63n, 2n ** 64n - 1n];
    const bits = fc.sample(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), 30);
    const hex = [...ids, ...bits].map((id) => id.toString(16).padStart(16, "0"));
    const script = `${onHostScript("lib/etcd/election")}\nfor id in ${hex.join(" ")}; do printf "$(timeout_now $id)" | od -An -v -tx1 | tr -d ' \\n'; echo; done`;
    const messages = spawnSync("bash", ["-c", script], { encoding: "utf8" }).stdout.trim().split("\n");
    assert.equal(messages.length, hex.length);
    for (const [i, message] of messages.entries()) {
      const reader = Reader.create(Buffer.from(message, "hex"));
      const fields: Record<number, string> = {};
      while (reader.pos < reader.len) fields[reader.uint32() >>> 3] = hexOf(reader);
      assert.deepEqual(fields, { 1: MsgTimeoutNow.toString(16), 2: bare(hex[i]), 3: bare(hex[i]) });
    }
  });

  describeWithEtcd("the real etcd", () => {
    let etcd: ChildProcess | undefined;
    let said = "";
    afterEach(end);

    async function end(): Promise<void> {
      if (etcd && etcd.exitCode === null && etcd.signalCode === null) {
        const ended = new Promise((resolve) => etcd?.once("close", resolve));
        etcd.kill("SIGKILL");
        await ended;
      }
    }

    /** A member as RKE runs it, with TLS at the peers' port; `others` are in its cluster and never there. */
    async function start(others: string[] = []): Promise<{ peer: string; health: string }> {
      const [client, own] = [await freePort(), await freePort()];
      const [peer, health] = [`https://127.0.0.1:${own}`, `https://127.0.0.1:${client}/health`];
      const ca = host.at("kube-ca.pem");
      const [cert, key] = [host.at("member.pem"), host.at("member-key.pem")];
      makeCertificates(ca, host.at("kube-ca-key.pem"), cert, key);
      mkdirSync(host.at("data"), { recursive: true });
      const tls = ["client-", "peer-client-"].map((kind) => `--${kind}cert-auth=true`);
      const files = [`--cert-file=${cert}`, `--key-file=${key}`, `--trusted-ca-file=${ca}`];
      const peers = [`--peer-cert-file=${cert}`, `--peer-key-file=${key}`, `--peer-trusted-ca-file=${ca}`];
      const urls = [
        ...[`--listen-client-urls=https://127.0.0.1:${client}`, `--advertise-client-urls=https://127.0.0.1:${client}`],
        ...[`--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`],
        `--initial-cluster=${[`member=${peer}`, ...others].join(",")}`,
      ];
      said = "";
      etcd = spawn("etcd", [
        "--name=member",
        `--data-dir=${host.at("data")}`,
        ...urls,
        ...tls,
        ...files,
        ...peers,
        ...slow,
      ]);
      etcd.stderr?.on("data", (text: Buffer) => {
        said += text;
      });
      return { peer, health };
    }

    /** The step's way to wait, for a member that is up. */
    function wait({ peer, health }: { peer: string; health: string }) {
      const step = `main() { begin "$@"; until_healthy 20 none ${health} member ${peer} || die "not healthy"; finish; }`;
      const data = onHostInput(ownScript(step, "lib/etcd/space").replaceAll("/etc/kubernetes/ssl", host.folder), "");
      return host.run("bash", ["-s", "--", "etcd-member", "2", `${Date.now()}`, "failover", "lab"], data);
    }

    it("is healthy at once at each start; without the message it waits 5 to 50 seconds", async () => {
      for (let i = 0; i < 4; i++) {
        const urls = await start();
        const { status, stderr } = wait(urls);
        await end();
        assert.equal(status, 0, `${stderr}\n${said}`);
        assert.match(said, told);
        assert.doesNotMatch(said, waited);
      }
    });

    it("gets no message if the cluster has other members", async () => {
      const { peer } = await start([`other=https://127.0.0.1:${await freePort()}`]);
      const ask = `until to_peer member ${peer}/members </dev/null; do sleep 0.05; done; if campaign ${peer} member; then echo told; fi`;
      const result = host.run("bash", ["-c", `say() { :; }\n${library()}\n${ask}`]);
      assert.match(result.stdout, /"name":"member".*"name":"other"|"name":"other".*"name":"member"/, result.stderr);
      assert.doesNotMatch(result.stdout, /told/);
      assert.doesNotMatch(said, told);
    });
  });
});

/**
 * Ten times what RKE starts it with: the wait of one to ten heartbeats is by chance, and the shortest, half a second, may be over before a
 * busy machine has asked etcd who it is.
 */
const slow = ["--election-timeout=50000", "--heartbeat-interval=5000"];

const bare = (hex = ""): string => hex.replace(/^0+/, "");
const hexOf = (reader: Reader): string => BigInt.asUintN(64, BigInt(String(reader.uint64()))).toString(16);
