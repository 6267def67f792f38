import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { until } from "../../../../lab/machine/run.js";

const run = promisify(execFile);

export const ADDRESSES = {
  hostA: "192.168.31.101",
  hostB: "192.168.31.102",
  deadHost: "192.168.31.250",
  silentHost: "192.168.31.251",
};

/** Nothing answers here, either, and the kernel says so at once. */
export const NO_ROUTE = "192.168.31.252";

/**
 * A network namespace without a route outside, in which two hosts have an sshd each, with a hostname and a /run of their
 * own, and every other address of the subnet is silent.
 */
export class World {
  private readonly children: ChildProcess[] = [];

  private constructor(
    readonly dir: string,
    private readonly netns: string,
    readonly privateKey: string,
  ) {}

  static async make(): Promise<World> {
    const dir = await mkdtemp(join(tmpdir(), "plugins-replay-"));
    const netns = `replay-${process.pid}`;
    await run("ip", ["netns", "add", netns]);
    const world = new World(dir, netns, await makeKey(join(dir, "id")));
    try {
      await world.ip("link", "set", "lo", "up");
      await world.ip("link", "add", "lan", "type", "veth", "peer", "name", "nowhere");
      await world.ip("address", "add", "192.168.31.1/24", "dev", "lan");
      await world.ip("link", "set", "lan", "up");
      await world.ip("link", "set", "nowhere", "up");
      for (const address of [ADDRESSES.deadHost, ADDRESSES.silentHost]) {
        // With a neighbour's address known, packets leave and vanish: no ARP that fails earlier than a dial's limit.
        await world.ip("neighbour", "add", address, "lladdr", "02:00:00:00:00:01", "dev", "lan", "nud", "permanent");
      }
      await world.ip("route", "add", "unreachable", NO_ROUTE);
      await makeKey(join(dir, "host"));
      for (const [name, address] of [
        ["A", ADDRESSES.hostA],
        ["B", ADDRESSES.hostB],
      ] as const) {
        await world.ip("address", "add", `${address}/32`, "dev", "lo");
        await world.startHost(name, address);
      }
      return world;
    } catch (error) {
      await world.remove();
      throw error;
    }
  }

  /** A command line that runs `command` in this world. */
  inside(...command: string[]): [string, string[]] {
    return ["nsenter", [`--net=/var/run/netns/${this.netns}`, ...command]];
  }

  start(command: string[], cwd?: string): ChildProcess {
    const [file, args] = this.inside(...command);
    const child = spawn(file, args, { stdio: "ignore", cwd });
    this.children.push(child);
    return child;
  }

  /** On a host, where its own /run is seen. */
  async onHost(name: "A" | "B", script: string): Promise<string> {
    const pid = (await readFile(join(this.dir, `${name}.pid`), "utf8")).trim();
    return (await run("nsenter", ["-t", pid, "-m", "sh", "-c", script])).stdout;
  }

  async remove(): Promise<void> {
    for (const child of this.children) child.kill("SIGKILL");
    await Promise.all(this.children.map((child) => child.exitCode ?? child.signalCode ?? exited(child)));
    // plugins of an engine that was killed outlive it
    const { stdout } = await run("ip", ["netns", "pids", this.netns]).catch(() => ({ stdout: "" }));
    for (const pid of stdout.split("\n").filter((line) => line !== "")) endProcess(Number(pid));
    await run("ip", ["netns", "delete", this.netns]).catch(() => {});
    await rm(this.dir, { recursive: true, force: true });
  }

  private ip(...args: string[]): Promise<unknown> {
    const [file, all] = this.inside("ip", ...args);
    return run(file, all);
  }

  private async startHost(name: string, address: string): Promise<void> {
    const config = join(this.dir, `${name}.conf`);
    const lines = [
      `ListenAddress ${address}:22`,
      `HostKey ${join(this.dir, "host")}`,
      `AuthorizedKeysFile ${join(this.dir, "id.pub")}`,
      `PidFile ${join(this.dir, `${name}.pid`)}`,
      "StrictModes no",
      "UsePAM no",
      "PermitRootLogin yes",
      // The root of a test machine has no password: what is asked for is refused as on the recorder's hosts.
      "PasswordAuthentication yes",
      "MaxStartups 100",
      "Subsystem sftp internal-sftp",
    ];
    await writeFile(config, `${lines.join("\n")}\n`);
    const script = [
      `hostname ${name}`,
      "mount -t tmpfs tmpfs /run",
      "mkdir -p /run/sshd /run/rec/existingdir",
      "echo old >/run/rec/existing600",
      "chmod 600 /run/rec/existing600",
      `exec /usr/sbin/sshd -D -f ${config}`,
    ].join(" && ");
    this.start(["unshare", "--mount", "--uts", "--propagation", "private", "sh", "-c", script]);
    await this.listening(address, 22);
  }

  /** Waits for the greeting of a server in the namespace. */
  private async listening(address: string, port: number): Promise<void> {
    const script = `require("net").connect(${port},"${address}").on("data",()=>process.exit(0)).on("error",()=>process.exit(1))`;
    const [file, args] = this.inside(process.execPath, "-e", script);
    await until(`sshd at ${address}:${port}`, 60, () =>
      run(file, args).then(
        () => true,
        () => false,
      ),
    );
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended by itself
  }
}

function exited(child: ChildProcess): Promise<unknown> {
  return new Promise((done) => child.once("exit", done));
}

async function makeKey(path: string): Promise<string> {
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path]);
  return readFile(path, "utf8");
}
