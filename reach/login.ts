import type { ConnectConfig, PublicKeyAuthMethod } from "ssh2";
import type { SshAccess } from "./ssh-access";

/**
 * Settings of an SSH connection for the login, by key only. ssh2's default would first try a login without a key, which costs one more
 * round trip to each host, and would parse the key's text for each host.
 */
export function login(access: SshAccess): Pick<ConnectConfig, "username" | "authHandler"> {
  const byKey: PublicKeyAuthMethod = { type: "publickey", username: access.user, key: access.key ?? access.privateKey };
  return { username: access.user, authHandler: [byKey] };
}
