import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Lab } from "../../lab/lab";
import { LabError, until } from "../../lab/machine/run";
import { asOperator } from "../../lab/operator/operator";
import { drillCluster } from "../cluster";
import type { WriterConfig } from "./writer";

const CHECKOUT = join(__dirname, "../..");

/** Clients that write to the etcd of one host, and the keys that it has acknowledged to them. */
export class EtcdClients {
  readonly acknowledged: string[] = [];
  private waiting: (() => void)[] = [];

  private constructor(private readonly child: ChildProcess) {
    if (child.stdout) {
      createInterface({ input: child.stdout }).on("line", (key) => {
        this.acknowledged.push(key);
        for (const go of this.waiting.splice(0)) go();
      });
    }
  }

  /** @param prefix the beginning of all keys */
  static async start(lab: Lab, host: { name: string; address: string }, prefix: string): Promise<EtcdClients> {
    const config: WriterConfig = {
      url: `https://${host.address}:2379`,
      ...(await drillCluster(lab).etcdClient(host.name)),
      prefix,
      clients: 4,
      pauseBetween: 150,
    };
    const [command = "", ...args] = asOperator(lab.place, [
      ...[process.execPath, "--import", "tsx", join(__dirname, "writer.ts")],
    ]);
    const child = spawn(command, args, { cwd: CHECKOUT, stdio: ["pipe", "pipe", "inherit"] });
    child.stdin.end(JSON.stringify(config));
    return new EtcdClients(child);
  }

  async count(wanted: number, limitSeconds: number): Promise<void> {
    await until(`etcd's clients: ${wanted} acknowledged writes`, limitSeconds, async () => {
      if (this.child.exitCode !== null) throw new LabError(`etcd's clients: they ended with ${this.child.exitCode}`);
      return this.acknowledged.length >= wanted;
    });
  }

  /** Calls `act` at once when the next write is acknowledged. */
  atNext(act: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(() => {
        act();
        resolve();
      });
    });
  }

  /** Ends them, and returns when all of their acknowledged keys are known. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once("close", resolve));
    this.child.kill("SIGTERM");
    await ended;
  }
}
