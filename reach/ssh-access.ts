import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { type ParsedKey, utils } from "ssh2";
import type { Topology } from "../plan/topology/topology";

/** How the operator reaches hosts by SSH. */
export interface SshAccess {
  user: string;
  port: number;
  /** The private key's text; undefined if an agent holds it. */
  privateKey?: string | undefined;
  /** The private key, parsed once for all connections. */
  key?: ParsedKey | undefined;
  /** The socket of the ssh-agent that holds the key. */
  agent?: string | undefined;
  /** The host through which connections go, with the same key; undefined if there is no bastion. */
  bastion?: { host: string; port: number; user: string; hostKey: string } | undefined;
}

/**
 * @param socket SSH_AUTH_SOCK
 * @throws Error if the topology's key file can't be read, or holds no usable private key; or if there is no agent that it wants
 */
export function readSshAccess(topology: Topology, socket = process.env.SSH_AUTH_SOCK): SshAccess {
  const { user, port, keyPath, agent, bastion } = topology.ssh;
  const way = { user, port, bastion: bastion && { ...bastion, user: bastion.user ?? user } };
  return agent === true ? { ...way, agent: agentSocket(socket) } : { ...way, ...readKey(keyPath) };
}

function agentSocket(socket: string | undefined): string {
  if (socket === undefined || socket === "" || !existsSync(socket)) {
    const found = socket ? `names ${JSON.stringify(socket)}, which is missing` : "isn't set";
    throw new Error(
      `topology.ssh.agent: SSH_AUTH_SOCK must name an ssh-agent's socket, it ${found}; \`eval $(ssh-agent) && ssh-add\`, or leave ssh.agent out and name a key file in ssh.keyPath`,
    );
  }
  return socket;
}

function readKey(keyPath: string): Pick<SshAccess, "privateKey" | "key"> {
  const path = keyPath.replace(/^~(?=\/)/, homedir());
  let privateKey: string;
  try {
    privateKey = readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`topology.ssh.keyPath: can't be read (${(error as NodeJS.ErrnoException).code}): "${keyPath}"`);
  }
  const parsed = utils.parseKey(privateKey);
  const unusable = (why: string) =>
    new Error(`topology.ssh.keyPath: is no private key that can be used (${why}): "${keyPath}"`);
  if (parsed instanceof Error) throw unusable(parsed.message);
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (!key?.isPrivateKey()) throw unusable("a public key");
  return { privateKey, key };
}
