import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../lab/lab";
import { LabError, until } from "../lab/machine/run";
import { asOperator } from "../lab/operator/operator";
import { drillCluster } from "./cluster";
import { type Attempt, parseLog } from "./history";
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
   * @param prefix start of the names that it writes
   */
  static async start(
    lab: Lab,
    deployHost: string,
    servers: string[],
    log: string,
    into: string = namespace,
    prefix = "write",
  ): Promise<Client> {
    const config: WriterConfig = {
      servers,
      ...(await drillCluster(lab).admin(deployHost)),
      namespace: into,
      prefix,
      log,
    };
    return new Client(startAsOperator(lab, WRITER, config), log);
  }

  history(): Attempt[] {
    return existsSync(this.log) ? parseLog<Attempt>(readFileSync(this.log, "utf8")) : [];
  }

  /** Waits until `count` writes that began after `since` were acknowledged. */
  async acknowledged(count: number, since: number, limitSeconds: number): Promise<void> {
    await until(`client: ${count} acknowledged writes`, limitSeconds, async () => {
      if (this.child.exitCode !== null) throw new LabError(`client: it ended with ${this.child.exitCode}`);
      return this.history().filter((a) => a.acknowledged && a.startedAt >= since).length >= count;
    });
  }

  stop(): Promise<void> {
    return end(this.child);
  }
}

/** Starts a script in the operator's namespace, with its settings as JSON on stdin. */
export function startAsOperator(lab: Lab, script: string, settings: object): ChildProcess {
  const [command = "", ...args] = asOperator(lab.place, [process.execPath, "--import", "tsx", script]);
  const child = spawn(command, args, { cwd: CHECKOUT, stdio: ["pipe", "ignore", "inherit"] });
  child.stdin.end(JSON.stringify(settings));
  return child;
}

/** Ends it by SIGTERM, if it hasn't ended. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}
