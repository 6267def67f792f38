import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { freePort } from "./free-port";

const skippedWithoutEtcd = ["etcd --version", "etcdctl version"].every(
  (line) => spawnSync("sh", ["-c", line]).status === 0,
)
  ? ""
  : " (skipped: no etcd on this machine; `npm test` installs Debian's where a lab can run)";

/** A suite of tests that start the real etcd; on a machine without it they are skipped, and say so. */
export function describeWithEtcd(title: string, body: (this: Mocha.Suite) => void): void {
  (skippedWithoutEtcd === "" ? describe : describe.skip)(`${title}${skippedWithoutEtcd}`, body);
}

type Ports = [number, number, number, number, number, number];

/** Six ports that nobody listens at. */
export async function freePorts(): Promise<Ports> {
  const ports: Ports = [0, 0, 0, 0, 0, 0];
  for (const i of ports.keys()) ports[i] = await freePort();
  return ports;
}

export interface Member {
  name: string;
  client: string;
  peer: string;
  data: string;
  process: ChildProcess;
}

/** Starts etcd; what it says goes to FOLDER/NAME.log. */
export function startEtcd(etcd: string, folder: string, name: string, args: string[]): ChildProcess {
  mkdirSync(folder, { recursive: true });
  const log = openSync(join(folder, `${name}.log`), "a");
  return spawn(etcd, [`--name=${name}`, ...args], { stdio: ["ignore", log, log] });
}

export const urlsOf = (client: string, peer: string): string[] => [
  `--listen-client-urls=${client}`,
  `--advertise-client-urls=${client}`,
  `--listen-peer-urls=${peer}`,
  `--initial-advertise-peer-urls=${peer}`,
];

/** Three new members on loopback, without TLS. */
export async function threeMembers(
  etcd: string,
  folder: string,
  flags: string[] = [],
): Promise<[Member, Member, Member]> {
  const [c1, p1, c2, p2, c3, p3] = await freePorts();
  const cluster = `--initial-cluster=m1=http://127.0.0.1:${p1},m2=http://127.0.0.1:${p2},m3=http://127.0.0.1:${p3}`;
  const start = (name: string, clientPort: number, peerPort: number): Member => {
    const [client, peer] = [`http://127.0.0.1:${clientPort}`, `http://127.0.0.1:${peerPort}`];
    const data = join(folder, name);
    const args = [`--data-dir=${data}`, ...urlsOf(client, peer), cluster, ...flags];
    return { name, client, peer, data, process: startEtcd(etcd, folder, name, args) };
  };
  const members: [Member, Member, Member] = [start("m1", c1, p1), start("m2", c2, p2), start("m3", c3, p3)];
  for (const member of members) await serves(member.client);
  return members;
}

/** Waits until a linearizable read is answered, 30 s at most. */
export async function serves(client: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const answer = await post(client, "/v3/kv/range", { key: base64("x") }).catch(() => undefined);
    if (answer !== undefined) return;
    if (Date.now() > deadline) throw new Error(`etcd at ${client} doesn't serve`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Ends processes by SIGKILL, all at once. */
export async function killAll(processes: ChildProcess[]): Promise<void> {
  const ended = processes.map((p) => (p.exitCode === null && p.signalCode === null ? once(p, "exit") : undefined));
  for (const p of processes) p.kill("SIGKILL");
  await Promise.all(ended);
}

const agent = new Agent({ keepAlive: true });
const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** A call of etcd's gRPC gateway. Rejects if it isn't answered with 200. */
export function post(url: string, path: string, body: unknown): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const call = request(`${url}${path}`, { method: "POST", agent, timeout: 5000 }, (answer) => {
      let text = "";
      answer.on("data", (part) => {
        text += part;
      });
      answer.on("error", reject);
      answer.on("end", () =>
        answer.statusCode === 200 ? resolve(JSON.parse(text)) : reject(new Error(`${answer.statusCode}: ${text}`)),
      );
    });
    call.on("timeout", () => call.destroy(new Error("no answer for 5 s")));
    call.on("error", reject);
    call.end(JSON.stringify(body));
  });
}

/**
 * Clients that put one new key after the other at one member, until it is killed.
 * @param pause milliseconds between two puts of a client
 * @returns the keys whose puts were acknowledged, growing; and what waits for the next one
 */
export function load(
  member: Member,
  clients: number,
  pause = 0,
): { acknowledged: string[]; next: () => Promise<void>; ended: Promise<unknown> } {
  const acknowledged: string[] = [];
  const waiting: (() => void)[] = [];
  const client = async (c: number) => {
    for (let i = 0; ; i++) {
      const key = `key-${c}-${i}`;
      await post(member.client, "/v3/kv/put", { key: base64(key), value: base64(`value of ${key}`) });
      acknowledged.push(key);
      for (const resolve of waiting.splice(0)) resolve();
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    }
  };
  const ended = Promise.allSettled(Array.from({ length: clients }, (_, c) => client(c)));
  return { acknowledged, next: () => new Promise((resolve) => waiting.push(resolve)), ended };
}

/** Of a load's keys those that this member has in its own database. */
export async function keysOf(client: string): Promise<Set<string>> {
  const range = { key: base64("key"), range_end: base64("kez"), keys_only: true, serializable: true };
  const { kvs = [] } = (await post(client, "/v3/kv/range", range)) as { kvs?: { key: string }[] };
  return new Set(kvs.map((kv) => Buffer.from(kv.key, "base64").toString()));
}
