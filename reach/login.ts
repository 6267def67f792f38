import type { AgentAuthMethod, ConnectConfig, PublicKeyAuthMethod } from "ssh2";
import type { SshAccess } from "./ssh-access";

/**
 * Settings of an SSH connection for the login, by key only. ssh2's default would first try a login without a key, which costs one more
 * round trip to each host, and would parse the key's text for each host.
 */
export function login(access: SshAccess): Pick<ConnectConfig, "username" | "authHandler"> {
  const { user: username, agent } = access;
  const byAgent: AgentAuthMethod[] = agent === undefined ? [] : [{ type: "agent", username, agent }];
  const key = access.key ?? access.privateKey;
  const byKey: PublicKeyAuthMethod[] = key === undefined ? [] : [{ type: "publickey", username, key }];
  return { username, authHandler: [...byAgent, ...byKey] };
}
