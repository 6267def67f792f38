import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../lab/lab";
import { LabError, must, until } from "../lab/machine/run";
import { asOperator } from "../lab/operator/operator";
import { type Attempt, parseHistory } from "./history";
import { namespace } from "./workload";
import type { WriterConfig } from "./writer";

const CHECKOUT = join(__dirname, "..");
const WRITER = join(__dirname, "writer.ts");

/** The client that writes through a drill, as a process of its own in the operator's namespace. */
export class Client {
  private constructor(
    private readonly child: ChildProcess,
    private readonly log: string,
  ) {}

  /**
   * @param deployHost where the admin's certificate lies
   * @param log file that gets a line of JSON for each attempt
   * @param into the namespace that it writes to
   */
  static async start(
    lab: Lab,
    deployHost: string,
    servers: string[],
    log: string,
    into: string = namespace,
  ): Promise<Client> {
    const read = async (name: string) =>
      (await must(lab.hostCommand(deployHost, ["cat", `/etc/rke-dr/certs/${name}.pem`]))).stdout;
    const config: WriterConfig = {
      servers,
      ca: await read("kube-ca"),
      cert: await read("kube-admin"),
      key: await read("kube-admin-key"),
      namespace: into,
      log,
    };
    const [command = "", ...args] = asOperator(lab.place, [process.execPath, "--import", "tsx", WRITER]);
    const child = spawn(command, args, { cwd: CHECKOUT, stdio: ["pipe", "ignore", "inherit"] });
    child.stdin.end(JSON.stringify(config));
    return new Client(child, log);
  }

  history(): Attempt[] {
    return existsSync(this.log) ? parseHistory(readFileSync(this.log, "utf8")) : [];
  }

  /** Waits until `count` writes that began after `since` were acknowledged. */
  async acknowledged(count: number, since: number, limitSeconds: number): Promise<void> {
    await until(`client: ${count} acknowledged writes`, limitSeconds, async () => {
      if (this.child.exitCode !== null) throw new LabError(`client: it ended with ${this.child.exitCode}`);
      return this.history().filter((a) => a.acknowledged && a.startedAt >= since).length >= count;
    });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGTERM");
    await ended;
  }
}
