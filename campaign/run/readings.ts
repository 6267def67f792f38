/** Reads what the judge compares: members, what lies on hosts, Nodes, keys, and secrets in clear. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runtimeScript } from "../../drill/cluster";
import { Drill } from "../../drill/drill";
import { newestRevision } from "../../drill/equal";
import { namespace } from "../../drill/workload";
import type { Lab } from "../../lab/lab";
import { LabError, until } from "../../lab/machine/run";
import type { MemberReading } from "../judge/history";
import type { Recorder } from "./recorder";
import type { Sides } from "./sides";

export class Readings {
  private readonly drill: Drill;

  constructor(
    private readonly lab: Lab,
    private readonly recorder: Recorder,
    private readonly sides: Sides,
    folder: string,
  ) {
    this.drill = new Drill(lab, folder);
  }

  /**
   * Every member's hash at one revision, from its own peer port; waits until all have that revision. If a compaction comes in between, they are read
   * again at a newer one: a member gives no hash of a revision that it has compacted, and hashes of differently compacted data differ.
   */
  async members(reading: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const found = await this.membersOnce(reading);
      if (attempt < 5 && (found === undefined || new Set(found.map((m) => m.compactRevision)).size > 1)) continue;
      if (found === undefined)
        throw new LabError(`${reading}: its members compact faster than their hashes can be read`);
      this.recorder.add(...found);
      return;
    }
  }

  /** @returns undefined if a member has compacted the revision meanwhile */
  private async membersOnce(reading: string): Promise<MemberReading[] | undefined> {
    const readings: MemberReading[] = [];
    const list = await this.drill.members();
    const hosts = this.lab.hosts().filter((h) => h.name in list);
    const revision = await newestRevision(
      this.drill,
      hosts.map((h) => h.name),
    );
    for (const { name, address } of hosts) {
      const { ca, cert, key } = await this.drill.cluster.etcdClientFiles(name);
      const found = await until(`${name}: etcd has revision ${revision}`, 60, async () => {
        const asked = await this.on(name, hashScript, address, String(revision), ca, cert, key);
        if (/required revision has been compacted/.test(asked)) return "compacted";
        const said = /"revision":"?(\d+)/.exec(asked)?.[1];
        const hash = /"hash":"?(\d+)/.exec(asked)?.[1];
        if (hash === undefined || said === undefined || Number(said) < revision) return undefined;
        return { hash: Number(hash), compacted: Number(/"compact_revision":"?(-?\d+)/.exec(asked)?.[1] ?? -1) };
      });
      if (found === "compacted") return undefined;
      readings.push({
        kind: "member",
        at: Date.now(),
        reading,
        host: name,
        revision,
        compactRevision: found.compacted,
        hash: found.hash,
        learner: list[name]?.learner ?? false,
      });
    }
    return readings;
  }

  /** Names and identities of what nothing may delete, on every host that is on. */
  async holdings(): Promise<void> {
    const { dialect, lastingProcess } = this.drill.cluster;
    for (const { name } of this.lab.hosts().filter((h) => this.lab.isOn(h.name))) {
      const printed = await this.on(name, `${runtimeScript(dialect)}${holdingScript}`, lastingProcess.source);
      const lines = printed.split("\n").filter(Boolean);
      this.recorder.add({
        kind: "holding",
        at: Date.now(),
        host: name,
        things: Object.fromEntries(lines.map((line) => line.split("\t") as [string, string])),
      });
    }
  }

  async world(): Promise<void> {
    const nodes = (await this.kubectl("get", "nodes", "-o", "name")).trim().split("\n");
    this.recorder.add({
      kind: "world",
      at: Date.now(),
      nodes: nodes.map((line) => line.replace("node/", "")),
      members: Object.keys(await this.drill.members()),
    });
  }

  async present(): Promise<void> {
    const list = await this.kubectl("get", "configmaps", "-n", namespace, "-o", "name");
    this.recorder.add({
      kind: "present",
      at: Date.now(),
      side: this.sides.left,
      keys: [...list.matchAll(/configmap\/([ab]-\d+)$/gm)].map(([, key = ""]) => key),
    });
  }

  /** Looks for private keys in what was printed, in Pulumi's states, and in what the acts leave on hosts. */
  async secrets(backends: readonly string[]): Promise<void> {
    const found = (where: string) => this.recorder.add({ kind: "secret", at: Date.now(), where });
    if (secret.test(this.recorder.printed())) found("what the program printed");
    for (const backend of backends) {
      const files = readdirSync(backend, { recursive: true, encoding: "utf8" }).filter((name) =>
        name.endsWith(".json"),
      );
      for (const file of files)
        if (secret.test(readFileSync(join(backend, file), "utf8"))) found(`Pulumi's state: ${file}`);
    }
    for (const { name } of this.lab.hosts().filter((h) => this.lab.isOn(h.name))) {
      const files = await this.on(name, secretScript);
      for (const file of files.split("\n").filter(Boolean)) found(`${name}: ${file}`);
    }
  }

  /** Asks the survivor's API server: after a restore the lost side's may serve, too, what it had. */
  private kubectl(...args: string[]): Promise<string> {
    return this.drill.kubectl([`--server=https://${this.sides.survivor.address}:6443`, ...args]);
  }

  private async on(host: string, script: string, ...args: string[]): Promise<string> {
    return (await this.lab.execOn(host, ["bash", "-c", script, "bash", ...args])).stdout;
  }
}

const secret = /-----BEGIN [A-Z ]*PRIVATE KEY/;

/** $1: the host's address, $2: the revision, $3: CA, $4: certificate, $5: its key. */
const hashScript = `curl -s --http1.1 --max-time 20 --cacert "$3" --cert "$4" --key "$5" -X GET -d "{\\"revision\\":$2}" "https://$1:2380/members/hashkv"`;

/**
 * A member's folder keeps the time of its birth wherever it is moved to on its disk (its inode's number on an overlay is another one after a
 * boot); scratch copies have other names. A process keeps its ID. $1: the names of those that last
 */
const holdingScript = `find /var/lib/etcd /var/lib/rke-dr -type d -name member 2>/dev/null | grep -Ev '/(copy|trial|work|new|forced)[^/]*/' |
  while read -r folder; do printf 'born %s\\t%s\\n' "$(stat -c %w "$folder")" "$folder"; done
process_names | grep -E -e "$1" | while read -r name; do printf '%s\\t%s\\n' "$(process_id "$name")" "$name"; done
ls -d /etc/rke-dr/*.before-epoch-* 2>/dev/null | while read -r file; do printf '%s\\t%s\\n' "$file" "$file"; done; :`;

const secretScript = `grep -rlE -e '-----BEGIN [A-Z ]*PRIVATE KEY' /var/lib/rke-dr/log /var/lib/rke-dr/steps /var/lib/rke-dr/epoch-*/*.log /var/lib/rke-dr/pods /var/log/pods /var/log/sudo.log 2>/dev/null; :`;
