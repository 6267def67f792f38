/** The operator: a network namespace that reaches both datacenters, a key that every host knows. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must, run, until } from "../machine/run";
import { inNamespace } from "../network/network";
import type { Place } from "../state/place";

export const operatorDir = (place: Place): string => join(place.dir, "operator");
export const operatorKeyPath = (place: Place): string => join(operatorDir(place), "id_ed25519");

/** Makes the operator's key if there is none; returns its public half. */
export async function makeOperatorKey(place: Place): Promise<string> {
  const key = operatorKeyPath(place);
  mkdirSync(operatorDir(place), { recursive: true, mode: 0o700 });
  if (!existsSync(key)) await must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "operator", "-f", key]);
  return readFileSync(`${key}.pub`, "utf8").trim();
}

const namesPath = (place: Place): string => join(operatorDir(place), "hosts");

/** Gives the operator these lines of /etc/hosts besides the machine's; none: the machine's as they are. */
export function nameHosts(place: Place, lines: string): void {
  if (lines === "") rmSync(namesPath(place), { force: true });
  else writeFileSync(namesPath(place), `${readFileSync("/etc/hosts", "utf8").trimEnd()}\n${lines}`);
}

/** The start of a command in the operator's namespace. */
export function asOperator(place: Place, argv: readonly string[]): string[] {
  const names = namesPath(place);
  const named = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', names];
  return inNamespace(`${place.name}-op`, ...(existsSync(names) ? named : []), ...argv);
}

/** Waits until the host's sshd greets the operator. */
export async function sshAnswers(place: Place, host: string, address: string, port: number, limitSeconds: number) {
  await until(`host ${host}: an answer of sshd at ${address}:${port}`, limitSeconds, async () => {
    return (await sshState(place, address, port)) === "up";
  });
}

export async function sshState(place: Place, address: string, port: number): Promise<"up" | "down"> {
  const greeting = `exec 3<>/dev/tcp/${address}/${port} && IFS= read -r line <&3 && printf %s "$line"`;
  const said = await run(asOperator(place, ["bash", "-c", greeting]), { timeoutSeconds: 3 });
  return said.stdout.startsWith("SSH-") ? "up" : "down";
}
