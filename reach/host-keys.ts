import { type ConnectConfig, utils } from "ssh2";

/** Settings of an SSH connection that check the host's key; `wrong` is called with the key that the host shows if it isn't the pinned one. */
export function pinned(
  hostKey: string,
  wrong: (shown: string) => void,
): Pick<ConnectConfig, "hostVerifier" | "algorithms"> {
  return {
    hostVerifier: (key: Buffer) => {
      const shown = shownKey(key);
      const right = hostKey === "unpinned" || shown === hostKey;
      if (!right) {
        wrong(shown);
      }
      return right;
    },
    ...(hostKey === "unpinned" ? {} : { algorithms: { serverHostKey: algorithmsOf(hostKey) } }),
  };
}

/** A host key as in known_hosts: type and base64. */
function shownKey(key: Buffer): string {
  const parsed = utils.parseKey(key);
  const type = parsed instanceof Error ? "unknown" : parsed.type;
  return `${type} ${key.toString("base64")}`;
}

/** Only the pinned kind is negotiated: a host has several keys and shows one. */
function algorithmsOf(
  hostKey: string,
): (
  | "ssh-ed25519"
  | "rsa-sha2-512"
  | "rsa-sha2-256"
  | "ecdsa-sha2-nistp256"
  | "ecdsa-sha2-nistp384"
  | "ecdsa-sha2-nistp521"
)[] {
  const type = hostKey.split(" ")[0];
  switch (type) {
    case "ssh-rsa":
      return ["rsa-sha2-512", "rsa-sha2-256"];
    case "ecdsa-sha2-nistp256":
    case "ecdsa-sha2-nistp384":
    case "ecdsa-sha2-nistp521":
      return [type];
    default:
      return ["ssh-ed25519"];
  }
}
