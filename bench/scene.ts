import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "../drill/client";
import { drillCluster } from "../drill/cluster";
import { manifests } from "../drill/workload";
import { loopDevices } from "../lab/hosts/disk-image";
import type { Lab } from "../lab/lab";
import { say } from "../lab/machine/progress";
import { all, LabError, must, type Result, until } from "../lab/machine/run";
import type { Workspace } from "../lab/operator/project";
import { hostDir } from "../lab/state/place";
import { keepDisk, restoreDisk } from "./checkpoint";
import { type Election, electionLog, electionOf } from "./election";
import { type Outage, outage } from "./outage";

const lost = "a";

/** How an act went, by the operator's clock. */
export interface Recovery extends Outage {
  /** Seconds from the command to its end. */
  total: number;
  /** Bytes of etcd's database when the command was given. */
  dataBytes: number;
  /** Bytes that the survivor's disk was written meanwhile; undefined where it is no device of its own. */
  writtenBytes: number | undefined;
  /** Of the etcd that accepted the first write. */
  election: Election | undefined;
}

/** The way of recovering that is measured. */
export interface Act {
  /** Makes ready what isn't counted. */
  before?: () => Promise<void>;
  work: () => Promise<void>;
  /** Prints the lines by which the first etcd that served tells of its election; that container's own by default. */
  election?: string;
}

/** A cluster that can lose the same datacenter again and again: before each act its disks are what they were. */
export class Scene {
  private runs = 0;

  private constructor(
    readonly lab: Lab,
    readonly folder: string,
  ) {}

  log(file: string, text: string): void {
    appendFileSync(join(this.folder, file), text);
  }

  /** Builds the cluster in a lab that is up, and keeps its disks. @param folder for logs */
  static async build(lab: Lab, folder: string, inPeace?: (scene: Scene) => Promise<void>): Promise<Scene> {
    mkdirSync(folder, { recursive: true });
    const scene = new Scene(lab, folder);
    say("bench: the cluster is built");
    await scene.pulumi(await lab.project(), "up", "--yes", "--skip-preview", "--stack", "primary");
    await must(await lab.kubectlCommand(["apply", "-f", "-"]), { input: manifests(drillCluster(lab).app) });
    await inPeace?.(scene);
    await scene.keep();
    return scene;
  }

  /** Goes on from the kept disks, in peace, and keeps what becomes of them. */
  async further(inPeace: () => Promise<void>): Promise<void> {
    const client = await this.start();
    await client.stop();
    await inPeace();
    await this.keep();
  }

  get survivor(): string {
    const host = this.lab.hosts().find((h) => h.datacenter !== lost && h.deploys);
    if (!host) throw new LabError(`bench: a datacenter other than ${lost} must have a deploy host`);
    return host.name;
  }

  get lostAddresses(): string[] {
    return this.lab
      .hosts()
      .filter((h) => h.datacenter === lost)
      .map((h) => h.address);
  }

  address(host: string): string {
    return this.lab.hosts().find((h) => h.name === host)?.address ?? "";
  }

  /** Runs a script on a host and returns what it printed. @throws LabError with what it said where it failed */
  async on(host: string, script: string): Promise<string> {
    return (await must(this.lab.hostCommand(host, ["bash", "-ec", script]))).stdout;
  }

  /** Runs Pulumi; what it said is kept in the folder. @throws LabError where it fails */
  async pulumi(workspace: Workspace, ...args: string[]): Promise<Result> {
    const result = await this.lab.pulumi([...args, "--non-interactive", "--color", "never"], { workspace });
    this.log(`pulumi-${args[0]}.log`, `${result.stdout}${result.stderr}\n`);
    if (result.code !== 0) throw new LabError(`pulumi ${args.join(" ")}: exit code ${result.code}\n${result.stdout}`);
    return result;
  }

  /** A fresh clone whose operator confirmed and attested. */
  async confirmed(): Promise<Workspace> {
    const clone = await this.lab.newClone(`bench-${++this.runs}`);
    await this.pulumi(clone, "config", "set", "confirm", `${lost}@2`, "--stack", "failover");
    await this.pulumi(clone, "config", "set", "attest", `powered-off@${lost}@2`, "--stack", "failover");
    return clone;
  }

  /**
   * The disaster, from kept disks to a survivor that knows of no leader; then the act, watched by a client that writes to the
   * survivor's API server.
   */
  async recover(name: string, { before, work, election = electionLog("etcd") }: Act): Promise<Recovery> {
    const client = await this.start();
    try {
      await this.lab.powerOff(lost);
      await until("etcd: no leader", 60, async () => {
        const status = await this.status();
        // who can't become leader never forgets the last one
        return status.includes('"isLearner":true') || !/"leader":[1-9]/.test(status);
      });
      await before?.();
      const dataBytes = Number(await this.on(this.survivor, "stat -c %s /var/lib/etcd/member/snap/db"));
      const written = await this.written();
      const from = Date.now();
      await work();
      const to = Date.now();
      await client.acknowledged(3, Date.now(), 60);
      const after = await this.written();
      const seen = outage(client.history(), from, to);
      const total = (to - from) / 1000;
      say(
        `bench: ${name}: first write ${seen.firstWrite.toFixed(1)} s, a client fails ${seen.failing.toFixed(1)} s, in all ${total.toFixed(1)} s`,
      );
      const writtenBytes = written === undefined || after === undefined ? undefined : after - written;
      return { ...seen, total, dataBytes, writtenBytes, election: electionOf(await this.on(this.survivor, election)) };
    } finally {
      await client.stop();
    }
  }

  /** Kept disks, power, and a client whose writes are accepted. */
  private async start(): Promise<Client> {
    await this.off();
    await all(this.lab.hosts().map((host) => restoreDisk(this.lab.place, host.name)));
    for (const dc of this.datacenters()) await this.lab.powerOn(dc); // one at a time: each holds the lab's lock
    const server = `https://${this.address(this.survivor)}:6443`;
    const client = await Client.start(this.lab, this.survivor, [server], join(this.folder, `${++this.runs}.jsonl`));
    try {
      await client.acknowledged(10, 0, 300);
      // one that hasn't heard of its leader yet says nothing, and would go on saying nothing
      await until("etcd: an answer of the survivor's", 60, async () => (await this.status()).includes('"revision"'));
      return client;
    } catch (error) {
      await client.stop();
      throw error;
    }
  }

  private async keep(): Promise<void> {
    await this.off();
    for (const host of this.lab.hosts()) await keepDisk(this.lab.place, host.name);
  }

  /** Bytes written to the survivor's disk since it was mounted, what waits in memory included. */
  private async written(): Promise<number | undefined> {
    await this.on(this.survivor, "sync -f /var/lib/etcd");
    const [device] = loopDevices(hostDir(this.lab.place, this.survivor));
    if (device === undefined) return undefined;
    // the kernel's Documentation/block/stat.rst: the seventh field, in sectors of 512 bytes
    return Number(readFileSync(`/sys/block/${device}/stat`, "utf8").trim().split(/\s+/)[6]) * 512;
  }

  private status(): Promise<string> {
    return this.on(this.survivor, "timeout 10 docker exec etcd etcdctl endpoint status -w json || true");
  }

  private datacenters(): string[] {
    return [...new Set(this.lab.hosts().map((h) => h.datacenter))];
  }

  private async off(): Promise<void> {
    for (const dc of this.datacenters()) await this.lab.powerOff(dc);
  }
}
