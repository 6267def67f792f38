import type { ConnectConfig, PublicKeyAuthMethod } from "ssh2";
import type { SshAccess } from "./ssh-access";

/**
 * What of a connection's settings lets the operator in, by the key and nothing else: ssh2 would ask first for a login without
 * any, one more trip to each host, and would read the key's text anew for each.
 */
export function login(access: SshAccess): Pick<ConnectConfig, "username" | "authHandler"> {
  const byKey: PublicKeyAuthMethod = { type: "publickey", username: access.user, key: access.key ?? access.privateKey };
  return { username: access.user, authHandler: [byKey] };
}
