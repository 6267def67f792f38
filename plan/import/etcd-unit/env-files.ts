import { memberName } from "../../installers/etcd-unit/settings";
import { readEnvFile, variablesOf } from "../../runtimes/systemd/env-file";
import type { Host } from "../../topology/topology";
import { plainIp } from "../../values/addresses";

/** One host's file of settings. */
export interface EnvFileOf {
  item: string;
  text: string;
  /** ETCD_NAME. */
  member: string;
  /** The address in ETCD_INITIAL_ADVERTISE_PEER_URLS; undefined if none is there. */
  address: string | undefined;
  variables: Map<string, string>;
}

export const isEnvFile = (text: string): boolean => /^\s*ETCD_[A-Z_]+=/m.test(text);
export const isUnitFile = (text: string): boolean =>
  /^\[Service\]\s*$/m.test(text) && /^[ \t]*ExecStart[ \t]*=/m.test(text);

export function envFileOf(item: string, text: string): EnvFileOf {
  const variables = variablesOf(readEnvFile(text));
  return {
    item,
    text,
    variables,
    member: variables.get("ETCD_NAME") ?? "",
    address: addressIn(variables.get("ETCD_INITIAL_ADVERTISE_PEER_URLS") ?? ""),
  };
}

/** The address in the first URL of a list. */
export function addressIn(urls: string): string | undefined {
  const [, bracketed, plain] = /^https?:\/\/(?:\[([^\]]*)\]|([^:/,]+))/.exec(urls.trim()) ?? [];
  const address = bracketed ?? plain;
  return address === undefined ? undefined : plainIp(address);
}

/**
 * A host's file with {placeholders} in the place of what is its own: its name within words, its address, and its member's name. Another host's
 * file is the same text if only these differ.
 */
export function asTemplate(
  text: string,
  host: Pick<Host, "name" | "internalAddress" | "etcdUnit">,
  members: string,
): string {
  const address = plainIp(host.internalAddress);
  const written = address.includes(":") ? `[${address}]` : address;
  const whole = (word: string) =>
    new RegExp(`(?<![A-Za-z0-9._])${escaped(word)}(?![A-Za-z0-9_])(?!\\.[A-Za-z0-9]*\\d)`, "g");
  return text
    .split("\n")
    .map((line) => {
      if (/^\s*[#;]/.test(line)) {
        return line;
      }
      if (line === `ETCD_NAME=${memberName(host as Host)}`) {
        return "ETCD_NAME={member}";
      }
      if (line === `ETCD_INITIAL_CLUSTER=${members}`) {
        return "ETCD_INITIAL_CLUSTER={members}";
      }
      if (/^ETCD_INITIAL_CLUSTER=/.test(line)) {
        return line;
      }
      const at = line.indexOf("=") + 1;
      const value = line.slice(at).replace(whole(written), "{address}").replace(whole(host.name), "{host}");
      return `${line.slice(0, at)}${value}`;
    })
    .join("\n");
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
