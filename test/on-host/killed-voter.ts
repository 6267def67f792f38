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
  post,
  serves,
  startEtcd,
  threeMembers,
  urlsOf,
} from "./etcd-processes";
import type { HostState } from "./host-state";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** A survivor of three members that were killed at once, and the keys that it had acknowledged. */
export interface Killed {
  survivor: Member;
  kept: string[];
}

/** Real members of etcd that are killed, and steps of a failover on the data of one of them. @param started gets each process */
export class KilledVoter {
  constructor(
    private readonly host: HostState,
    private readonly started: Member["process"][],
    private readonly etcd: string,
  ) {}

  /** Killed right when a write of clients at the survivor was acknowledged. */
  async underLoad(): Promise<Killed> {
    const members = await this.members();
    const [, , survivor] = members;
    const { acknowledged, next, ended } = load(survivor, 4, 150);
    for (let i = 0; i < 12; i++) await next();
    await killAll(members.map((m) => m.process));
    const kept = [...acknowledged];
    await ended;
    return { survivor, kept };
  }

  /** Killed half a second after the last write: the database has it, the WAL's commit index doesn't. */
  async idle(): Promise<Killed> {
    const members = await this.members();
    const [, , survivor] = members;
    const kept = Array.from({ length: 20 }, (_, i) => `key-${i}`);
    for (const key of kept) await post(survivor.client, "/v3/kv/put", { key: base64(key), value: base64(key) });
    await new Promise((resolve) => setTimeout(resolve, 500));
    await killAll(members.map((m) => m.process));
    return { survivor, kept };
  }

  private async members(): Promise<[Member, Member, Member]> {
    this.host.run("rm", ["-rf", this.host.at("cluster")]);
    const members = await threeMembers(this.etcd, this.host.at("cluster"));
    this.started.push(...members.map((m) => m.process));
    return members;
  }

  /** Forces a copy of the survivor's data as it lies, by the flag alone. Returns the copy's folder and the keys that it lacks. */
  async forceAlone({ survivor, kept }: Killed): Promise<{ data: string; lost: string[] }> {
    const data = this.host.at("cluster/forced-alone");
    this.host.run("rm", ["-rf", data]);
    cpSync(survivor.data, data, { recursive: true });
    return { data, lost: await this.lacking(data, survivor, kept, "--force-new-cluster") };
  }

  /** Starts an etcd on this data, and returns those of the keys that it lacks. */
  async lacking(data: string, { name, client, peer }: Member, kept: string[], ...flags: string[]): Promise<string[]> {
    const args = [`--data-dir=${data}`, ...urlsOf(client, peer), ...flags];
    const one = startEtcd(this.etcd, this.host.at("cluster"), name, args);
    this.started.push(one);
    await serves(client);
    const found = await keysOf(client);
    // a moment in which its database is written
    await new Promise((resolve) => setTimeout(resolve, 200));
    await killAll([one]);
    return kept.filter((key) => !found.has(key));
  }

  /** The survivor's host: its data where RKE has it, its container ended. */
  async hostOf(survivor: Member) {
    const { host, etcd } = this;
    for (const folder of ["etcd", "containers", "epoch-2", "steps"]) host.run("rm", ["-rf", host.at(folder)]);
    mkdirSync(host.at("containers/etcd"), { recursive: true });
    host.write("containers/etcd/arguments", "");
    mkdirSync(host.at("etcd"));
    cpSync(survivor.data, host.at("etcd"), { recursive: true });
    if (!host.has("kube-ca.pem")) {
      const paths = ["kube-ca.pem", "ca-key.pem", "kube-etcd.pem", "kube-etcd-key.pem"].map((name) => host.at(name));
      makeCertificates(...(paths as [string, string, string, string]));
    }
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
      const all = [...urls, ...told, cluster, ...files(""), ...files("peer-"), ...flags];
      return JSON.stringify({ Cmd: ["--name=m3", `--data-dir=${host.at(data)}`, ...all] });
    };
    const force = ["--force-new-cluster", "--snapshot-count=1"];
    const replaying = [`--listen-metrics-urls=http://127.0.0.1:${metrics}`, "--backend-batch-interval=10ms"];
    const bodies = {
      sandbox: body(loopClient, loopPeer, "etcd/rke-dr-forced-epoch-2", ...force),
      replay: body(loopClient, loopPeer, "etcd/rke-dr-forced-epoch-2", ...replaying),
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
}
