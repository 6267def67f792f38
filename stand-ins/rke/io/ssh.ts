/** SSH to a host as RKE does it: key file, no host key check, no time limit on the dial. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { Client } from "ssh2";
import type { NodeConfig } from "../rke-config";
import { dialError, messageOf } from "./go-errors";

function privateKey(path: string): Buffer {
  const file = path.startsWith("~/") ? join(process.env.HOME ?? homedir(), path.slice(2)) : path;
  try {
    return readFileSync(file);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new Error(
      `Error while reading SSH key file: open ${file}: ${missing ? "no such file or directory" : messageOf(error)}`,
    );
  }
}

function dialFailure(error: Error & { level?: string }, node: NodeConfig): Error {
  const where = `${node.address}:${node.port}`;
  if (error.level === "client-authentication") {
    return new Error(
      `Unable to access node with address [${where}] using SSH. Please check if you are able to SSH to the node using the specified SSH Private Key and if you have configured the correct SSH username. Error: ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain`,
    );
  }
  return new Error(`Failed to dial ssh using address [${where}]: ${dialError(error, node.address, node.port)}`);
}

export class SshHost {
  private readonly key: Buffer;
  private client?: Promise<Client>;

  constructor(private readonly node: NodeConfig) {
    this.key = privateKey(node.sshKeyPath);
  }

  async unixSocket(path: string): Promise<Duplex> {
    const client = await this.connected();
    return new Promise((resolve, reject) => {
      client.openssh_forwardOutStreamLocal(path, (error, channel) => {
        if (error) reject(new Error(`Failed to dial to ${path}: ${error.message}`));
        else resolve(channel);
      });
    });
  }

  async tcp(host: string, port: number): Promise<Duplex> {
    const client = await this.connected();
    return new Promise((resolve, reject) => {
      client.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
        if (error) {
          reject(
            new Error(
              `Unable to access the service on ${host}:${port}. The service might be still starting up. Error: ssh: rejected: connect failed (${error.message})`,
            ),
          );
        } else resolve(channel);
      });
    });
  }

  close(): void {
    this.client?.then((client) => client.end()).catch(() => undefined);
    this.client = undefined;
  }

  private connected(): Promise<Client> {
    this.client ??= this.dial();
    return this.client;
  }

  private dial(): Promise<Client> {
    const client = new Client();
    const forget = () => {
      this.client = undefined;
    };
    return new Promise((resolve, reject) => {
      client.once("ready", () => resolve(client));
      client.on("error", (error) => {
        forget();
        reject(dialFailure(error, this.node));
      });
      client.on("close", forget);
      client.connect({
        host: this.node.address,
        port: Number(this.node.port),
        username: this.node.user,
        privateKey: this.key,
        readyTimeout: 0,
        // A host that loses power in the middle of a run must not hold RKE up for ever.
        keepaliveInterval: 10_000,
        keepaliveCountMax: 4,
      });
    });
  }
}
