import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { type ParsedKey, utils } from "ssh2";
import type { Topology } from "../plan/topology/topology";

/** How the operator reaches hosts by SSH. */
export interface SshAccess {
  user: string;
  port: number;
  /** The private key's text. */
  privateKey: string;
  /** The private key, parsed once for all connections. */
  key?: ParsedKey | undefined;
  /** The host through which connections go, with the same key; undefined if there is no bastion. */
  bastion?: { host: string; port: number; user: string; hostKey: string } | undefined;
}

/** @throws Error if the topology's key file can't be read, or holds no usable private key */
export function readSshAccess(topology: Topology): SshAccess {
  const { user, port, keyPath, bastion } = topology.ssh;
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
  return {
    user,
    port,
    privateKey,
    key,
    bastion: bastion && { ...bastion, user: bastion.user ?? user },
  };
}
