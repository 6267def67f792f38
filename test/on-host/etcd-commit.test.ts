import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { onHostInput, stepScript } from "../../on-host";
import type { StepName } from "../../plan/steps/names";
import { makeCertificates } from "./certificates";
import {
  freePorts,
  keysOf,
  killAll,
  load,
  type Member,
  serves,
  startEtcd,
  threeMembers,
  urlsOf,
} from "./etcd-processes";
import { stateOfEachTest } from "./host-state";
import { curl, docker } from "./process-containers";
import { walEnd } from "./wal";

const etcds = ["etcd", ...(process.env.RKE_DR_ETCD ?? "").split(":").filter((path) => path !== "")];

describe("an entry that only a killed voter's WAL has", function () {
  this.timeout(60_000);
  const started: Member["process"][] = [];
  // before the hook by which the state's folder goes
  afterEach(async () => {
    await killAll(started.splice(0));
    for (const name of ["etcd", "etcd-force-epoch-2"]) host.run(host.at("docker"), ["kill", name]);
  });
  const host = stateOfEachTest(
    { epoch: "2\n", act: "failover\n" },
    { docker, curl, nsenter: '#!/bin/bash\nshift 3\nexec "$@"\n' },
  );
  before(function () {
    if (spawnSync("etcd", ["--version"]).status !== 0) {
      this.test?.parent?.eachTest((test) => {
        test.title += " (skipped: no etcd on this machine; `npm test` installs Debian's where a lab can run)";
      });
      this.skip();
    }
  });
  /** A survivor of three members that were killed at once, right when a write was acknowledged by it. */
  async function killed(etcd: string) {
    const members = await threeMembers(etcd, host.at("cluster"));
    started.push(...members.map((m) => m.process));
    const [, , survivor] = members;
    const { acknowledged, next, ended } = load(survivor, 4, 150);
    for (let i = 0; i < 12; i++) await next();
    await killAll(members.map((m) => m.process));
    const kept = [...acknowledged];
    await ended;
    return { survivor, kept };
  }

  /** The same until forcing the data as it lies loses acknowledged writes: then a test that finds all of them shows something. */
  async function killedAhead(etcd: string) {
    for (let attempt = 1; ; attempt++) {
      host.run("rm", ["-rf", host.at("cluster")]);
      const { survivor, kept } = await killed(etcd);
      const end = walEnd(survivor.data);
      if (end.lastEntry > end.commit) {
        const lost = await lostByForceAlone(etcd, survivor, kept);
        if (lost.length > 0) return { survivor, kept, end, lost };
      }
      assert.ok(attempt < 8, "in 8 kills no acknowledged write stood behind the WAL's commit index alone");
    }
  }

  async function lostByForceAlone(etcd: string, survivor: Member, kept: string[]): Promise<string[]> {
    const data = host.at("cluster/forced-alone");
    cpSync(survivor.data, data, { recursive: true });
    const args = [`--data-dir=${data}`, ...urlsOf(survivor.client, survivor.peer), "--force-new-cluster"];
    const alone = startEtcd(etcd, host.at("cluster"), survivor.name, args);
    started.push(alone);
    await serves(survivor.client);
    const found = await keysOf(survivor.client);
    await killAll([alone]);
    return kept.filter((key) => !found.has(key));
  }

  /** As the host of that survivor: its data where RKE has it, its container ended. */
  async function hostOf(survivor: Member, etcd: string) {
    mkdirSync(host.at("containers/etcd"), { recursive: true });
    host.write("containers/etcd/arguments", "");
    mkdirSync(host.at("etcd"));
    cpSync(survivor.data, host.at("etcd"), { recursive: true });
    makeCertificates(
      host.at("kube-ca.pem"),
      host.at("ca-key.pem"),
      host.at("kube-etcd.pem"),
      host.at("kube-etcd-key.pem"),
    );
    const [client, peer, loopClient, loopPeer, metrics, plain] = await freePorts();
    const files = (prefix: string) => [
      `--${prefix}cert-file=${host.at("kube-etcd.pem")}`,
      `--${prefix}key-file=${host.at("kube-etcd-key.pem")}`,
      `--${prefix}trusted-ca-file=${host.at("kube-ca.pem")}`,
    ];
    const body = (c: number, p: number, data: string, ...flags: string[]) => {
      const urls = [
        `--listen-client-urls=https://127.0.0.1:${c},http://127.0.0.1:${plain}`,
        `--listen-peer-urls=https://127.0.0.1:${p}`,
      ];
      const told = [
        `--advertise-client-urls=https://127.0.0.1:${c}`,
        `--initial-advertise-peer-urls=https://127.0.0.1:${p}`,
      ];
      const cluster = `--initial-cluster=m3=https://127.0.0.1:${p}`;
      const Cmd = [
        "--name=m3",
        `--data-dir=${host.at(data)}`,
        ...urls,
        ...told,
        cluster,
        ...files(""),
        ...files("peer-"),
        ...flags,
      ];
      return JSON.stringify({ Cmd });
    };
    const force = ["--force-new-cluster", "--snapshot-count=1"];
    const bodies = {
      sandbox: body(loopClient, loopPeer, "etcd/rke-dr-forced-epoch-2", ...force),
      replay: body(
        loopClient,
        loopPeer,
        "etcd/rke-dr-forced-epoch-2",
        `--listen-metrics-urls=http://127.0.0.1:${metrics}`,
        "--backend-batch-interval=10ms",
      ),
      forced: body(loopClient, peer, "etcd", ...force),
      final: body(client, peer, "etcd"),
    };
    const text = (name: StepName) =>
      stepScript(name)
        .replaceAll("/var/lib/etcd", host.at("etcd"))
        .replaceAll("/etc/kubernetes/ssl", host.folder)
        .replaceAll("127.0.0.1:2379", `127.0.0.1:${loopClient}`)
        .replaceAll("127.0.0.1:2380", `127.0.0.1:${loopPeer}`)
        .replaceAll("127.0.0.1:2381", `127.0.0.1:${metrics}`)
        .replaceAll(":*}:2380", `:*}:${peer}`);
    const run = (name: StepName, data: string, ownArguments = ["kube-etcd", `https://127.0.0.1:${client}`]) => {
      const args = ["-s", "--", name, "2", "1", "failover", "lab", ...ownArguments];
      const input = onHostInput(text(name), data);
      return spawnSync("bash", args, { input, encoding: "utf8", env: { ...host.env, ETCD: etcd } });
    };
    return { bodies, run, peer: `https://127.0.0.1:${peer}`, plain: `http://127.0.0.1:${plain}` };
  }

  for (const etcd of etcds) {
    it(`is kept if the cluster of one is forced from a copy; the flag alone would lose it (${etcd})`, async () => {
      const { survivor, kept, lost } = await killedAhead(etcd);
      const { bodies, run, plain } = await hostOf(survivor, etcd);
      const copied = run("snapshot", bodies.sandbox);
      assert.equal(copied.status, 0, copied.stderr);
      assert.match(copied.stderr, /WAL's last entries, up to \d+, weren't marked as committed/);
      const member = run("etcd-member", `${bodies.forced}\n${bodies.final}`);
      assert.equal(member.status, 0, member.stderr);
      assert.match(member.stderr, /the forced copy is in/);
      const found = await keysOf(plain);
      assert.deepEqual(
        kept.filter((key) => !found.has(key)),
        [],
        `force alone loses ${lost.length}`,
      );
      // what the old etcd left lies aside as it was
      assert.equal(walEnd(host.at("etcd/before-epoch-2")).commit, walEnd(survivor.data).commit);
    });
  }

  it("is kept if the cluster of one is forced from the data itself", async () => {
    const { survivor, kept } = await killedAhead("etcd");
    const { bodies, run, plain } = await hostOf(survivor, "etcd");
    for (const folder of ["steps", "epoch-2"]) mkdirSync(host.at(folder));
    host.write("steps/snapshot", '"epoch":2,"generation":1,');
    const member = run("etcd-member", `${bodies.forced}\n${bodies.final}`);
    assert.equal(member.status, 0, member.stderr);
    assert.match(member.stderr, /weren't marked as committed[\s\S]*made a cluster of one/);
    const found = await keysOf(plain);
    assert.deepEqual(
      kept.filter((key) => !found.has(key)),
      [],
    );
  });

  it("is kept by a restore from a voter that doesn't run", async () => {
    const { survivor, kept, end } = await killedAhead("etcd");
    const { bodies, run, peer } = await hostOf(survivor, "etcd");
    const as = ["m3", peer, "token-2", "1000"];
    const result = run("source", bodies.replay, [...["live", "image", survivor.peer, "0"], ...as]);
    assert.equal(result.status, 0, result.stderr);
    assert.match(result.stderr, new RegExp(`database and what only its WAL had, up to entry ${end.lastEntry}`));
    const data = `--data-dir=${host.at("etcd/restored-epoch-2")}`;
    const one = startEtcd("etcd", host.at("cluster"), "m3", [data, ...urlsOf(survivor.client, survivor.peer)]);
    started.push(one);
    await serves(survivor.client);
    const found = await keysOf(survivor.client);
    assert.deepEqual(
      kept.filter((key) => !found.has(key)),
      [],
    );
    assert.equal(walEnd(host.at("etcd")).commit, end.commit, "the old etcd's own data isn't touched");
  });
});
