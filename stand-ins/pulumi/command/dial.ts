import { connect, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { Client, type ConnectConfig, utils } from "ssh2";
import type { Connection, Endpoint } from "./connection.js";

/** Called with a line for the operator whenever a dial has failed and another follows. */
type OnRetry = (line: string) => void;

/** An authenticated SSH connection, through the proxy where there is one. */
export async function dial(connection: Connection, onRetry: OnRetry): Promise<Client> {
  const { proxy } = connection;
  const config = sshConfig(connection);
  if (!proxy) {
    return retrying("Dial", connection.dialErrorLimit, onRetry, async () => handshake(await tcp(connection), config));
  }
  const proxyConfig = sshConfig(proxy);
  const bastion = await retrying("Dial proxy", proxy.dialErrorLimit, onRetry, async () =>
    handshake(await tcp(proxy), proxyConfig),
  ).catch((error) => {
    throw new Error(`proxy: ${error.message}`);
  });
  const tunnelled = await retrying("Dial from proxy", connection.dialErrorLimit, onRetry, () =>
    forward(bastion, connection),
  ).catch((error) => {
    bastion.end();
    throw new Error(`proxy: ${error.message}`);
  });
  const client = await handshake(tunnelled, config).catch((error) => {
    bastion.end();
    throw new Error(`proxy: ${error.message}`);
  });
  client.on("close", () => bastion.end());
  return client;
}

/** One dial more than `limit`, with growing pauses between them. */
async function retrying<T>(what: string, limit: number, onRetry: OnRetry, act: () => Promise<T>): Promise<T> {
  let pause = 100;
  for (let failed = 0; ; failed++) {
    try {
      return await act();
    } catch (error) {
      const { message } = error as Error;
      if (limit > -1 && failed + 1 > limit) throw new Error(`after ${failed} failed attempts: ${message}`);
      onRetry(`${what} ${failed + 1}/${limit === -1 ? "inf" : limit} failed: retrying`);
    }
    await wait(pause);
    pause = Math.min(pause * 1.5, 5000);
  }
}

function sshConfig(endpoint: Endpoint): ConnectConfig {
  const { privateKey, privateKeyPassword, password, hostKey } = endpoint;
  // The limit on a dial is for the TCP connect only, as it is in the official provider: no limit here.
  const config: ConnectConfig = { username: endpoint.user, readyTimeout: 0 };
  if (privateKey !== undefined) {
    const parsed = utils.parseKey(privateKey, privateKeyPassword);
    if (parsed instanceof Error || !parsed) {
      throw new Error(/BEGIN/.test(privateKey) ? `ssh: ${(parsed as Error).message}` : "ssh: no key found");
    }
    config.privateKey = privateKey;
    if (privateKeyPassword !== undefined) config.passphrase = privateKeyPassword;
  }
  if (password !== undefined) config.password = password;
  const agent = endpoint.agentSocketPath ?? process.env.SSH_AUTH_SOCK;
  if (agent) config.agent = agent;
  if (hostKey !== undefined) {
    const [algorithm, blob] = hostKeyOf(hostKey);
    config.hostVerifier = (offered: Buffer) => offered.equals(blob);
    config.algorithms = { serverHostKey: signatureAlgorithms(algorithm) as never };
  }
  return config;
}

function hostKeyOf(line: string): [string, Buffer] {
  const words = line.trim().split(/\s+/);
  const at = words.findIndex((word) => /^(ssh-|ecdsa-)/.test(word));
  const [algorithm, encoded] = [words[at], words[at + 1]];
  const parsed = algorithm && encoded ? utils.parseKey(`${algorithm} ${encoded}`) : undefined;
  if (!algorithm || !encoded || !parsed || parsed instanceof Error) {
    throw new Error("failed to parse host key: ssh: no key found");
  }
  return [algorithm, Buffer.from(encoded, "base64")];
}

/** An RSA key signs with any of three hashes. */
function signatureAlgorithms(keyType: string): string[] {
  return keyType === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [keyType];
}

function tcp({ host, port, perDialTimeout }: Endpoint): Promise<Socket> {
  return new Promise((done, fail) => {
    const socket = connect({ host, port });
    const timer = perDialTimeout > 0 ? setTimeout(() => end("i/o timeout"), perDialTimeout * 1000) : undefined;
    const end = (reason: string, what = `dial tcp ${host}:${port}`) => {
      clearTimeout(timer);
      socket.destroy();
      fail(new Error(`${what}: ${reason}`));
    };
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.syscall === "getaddrinfo") end("no such host", `dial tcp: lookup ${host}`);
      else end(`connect: ${REASONS[error.code ?? ""] ?? error.message}`);
    });
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      socket.setNoDelay(true);
      // A host that has vanished is noticed after about 150 s, as with Go's default.
      socket.setKeepAlive(true, 140_000);
      done(socket);
    });
  });
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: "connection refused",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
  ETIMEDOUT: "connection timed out",
  ECONNRESET: "connection reset by peer",
};

function handshake(sock: Socket | NodeJS.ReadableStream, config: ConnectConfig): Promise<Client> {
  return new Promise((done, fail) => {
    const client = new Client();
    const refuse = (reason: string) => {
      client.destroy();
      fail(new Error(`ssh: handshake failed: ${reason}`));
    };
    client.once("ready", () => {
      client.removeAllListeners("error");
      // A connection that breaks later is told by the channel that is open on it.
      client.on("error", () => {});
      done(client);
    });
    client.once("error", (error) => refuse(reasonOf(error, config)));
    client.once("close", () => refuse("EOF"));
    client.connect({ ...config, sock: sock as ConnectConfig["sock"] });
  });
}

function reasonOf(error: Error & { level?: string }, config: ConnectConfig): string {
  if (error.level === "client-authentication") {
    if (config.password !== undefined && !config.privateKey) return "ssh: unexpected message type 51 (expected 60)";
    const methods = ["none", ...(config.privateKey || config.agent ? ["publickey"] : [])].join(" ");
    return `ssh: unable to authenticate, attempted methods [${methods}], no supported methods remain`;
  }
  if (/host denied|verification failed/i.test(error.message)) return "ssh: host key mismatch";
  return error.message;
}

function forward(bastion: Client, { host, port }: Endpoint): Promise<NodeJS.ReadableStream> {
  return new Promise((done, fail) => {
    bastion.forwardOut("127.0.0.1", 0, host, port, (error, channel) => (error ? fail(error) : done(channel)));
  });
}
