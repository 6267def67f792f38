import type { Duplex } from "node:stream";
import { Client } from "ssh2";
import type { Refusal } from "../plan/facts/facts";
import { type Host, sshLogin } from "../plan/topology/topology";
import { throughBastion } from "./bastion";
import { pinned } from "./host-keys";
import { login } from "./login";
import type { SshAccess } from "./ssh-access";

/** The host answered with another host key than the pinned one, or refused the operator's login, or sudo refused its user. */
export class RefusedError extends Error {
  constructor(
    readonly refusal: Refusal,
    message: string,
  ) {
    super(message);
  }
}

/** Milliseconds: until the connection is ready, and until the command has ended. */
interface Limits {
  ready: number;
  total: number;
}

/** The stdin of a command on a host. */
export interface Stdin {
  write(text: string): void;
  end(): void;
}

/** How a command is run. The defaults suit a short command whose output is read only at its end. */
export interface Run {
  limits?: Limits;
  /** Until then the command's stdin stays open: its end is how the command learns that the operator is gone. A command that hasn't begun by then never does. */
  ends?: AbortSignal;
  /** Ends the connection at once, also one whose other end is gone; afterwards none is begun. */
  cut?: AbortSignal;
  /** Called when `input` is written: then the command's stdin stays open until the caller ends it. */
  onStdin?: (stdin: Stdin) => void;
  onStdout?: (text: string) => void;
  onStderr?: (text: string) => void;
  /** Called when the handshake is over. */
  onReady?: () => void;
  /** A connection to the host's SSH port if one through the bastion is open already; without it, a new one is made. */
  stream?: Duplex | undefined;
}

/**
 * Runs a command on a host, with `input` on its stdin, and returns its stdout.
 * @throws RefusedError, or Error with the reason in one line
 */
export async function runOverSsh(
  host: Host,
  access: SshAccess,
  command: string,
  input: string,
  how: Run = {},
): Promise<string> {
  refuseIfCut(how);
  const route = how.stream ? undefined : throughBastion(access);
  const own = { ...access, ...sshLogin(access, host) };
  try {
    const stream = how.stream ?? (await route?.open(host.address, own.port));
    refuseIfCut(how);
    return await runOver(host, own, command, input, { ...how, stream });
  } finally {
    route?.end();
  }
}

/** @throws Error if it was cut off, or its operator has gone, before it began */
function refuseIfCut({ cut, ends }: Run): void {
  if (cut?.aborted || ends?.aborted) throw cutOff();
}

const cutOff = (): Error => new Error("was cut off");

function runOver(host: Host, access: SshAccess, command: string, input: string, how: Run): Promise<string> {
  const { limits = { ready: 8000, total: 40000 }, ends, cut, stream: route } = how;
  return new Promise((resolve, reject) => {
    const client = new Client();
    let wrongKey: string | undefined;
    let settled = false;
    const settle = (act: () => void) => {
      if (!settled) {
        settled = true;
        clearTimeout(timer);
        client.end();
        act();
      }
    };
    const timer = setTimeout(
      () => settle(() => reject(new Error(`no answer to ${named(command)} within ${limits.total / 1000} s`))),
      limits.total,
    );
    cut?.addEventListener("abort", () =>
      settle(() => {
        client.destroy();
        reject(cutOff());
      }),
    );
    client.on("ready", () => {
      how.onReady?.();
      if (settled) return;
      if (ends?.aborted) {
        settle(() => reject(cutOff()));
        return;
      }
      client.exec(command, (error, stream) => {
        if (error) {
          settle(() => reject(error));
          return;
        }
        let stdout = "";
        let stderr = "";
        // a piece of the answer may end within a character
        stream.setEncoding("utf8").on("data", (text: string) => {
          stdout += text;
          how.onStdout?.(text);
        });
        stream.stderr.setEncoding("utf8").on("data", (text: string) => {
          stderr += text;
          how.onStderr?.(text);
        });
        stream.on("close", (code: number | null) =>
          settle(() => (code === 0 ? resolve(stdout) : reject(failure(command, code, stdout, stderr)))),
        );
        if (how.onStdin) {
          stream.write(input);
          how.onStdin(stream);
        } else if (ends === undefined || ends.aborted) {
          stream.end(input);
        } else {
          stream.write(input);
          ends.addEventListener("abort", () => stream.end());
        }
      });
    });
    client.on("error", (error) => settle(() => reject(explained(error, host, access, wrongKey))));
    client.connect({
      host: host.address,
      port: access.port,
      ...login(access),
      readyTimeout: limits.ready,
      ...(route ? { sock: route } : {}),
      ...pinned(host.hostKey, (shown) => {
        wrongKey = shown;
      }),
    });
  });
}

/**
 * How a command failed. It is sudo that failed if its command wrote nothing and wasn't ended by a time limit (124 or 137), for what
 * runs here writes before it can fail.
 */
function failure(command: string, code: number | null, stdout: string, stderr: string): Error {
  const limit = /\btimeout -k \d+ (\d+) /.exec(command)?.[1];
  const why = code === 124 && limit !== undefined ? `it took longer than its ${limit} s` : lastLine(stderr);
  const bySudo = command.startsWith("sudo ") && stdout === "" && (code === 1 || code === 127);
  return bySudo && /\bsudo(ers)?\b|^Sorry, user /.test(why)
    ? new RefusedError("sudo refused", why.slice(0, 200))
    : new Error(`${named(command)} ended with ${code}: ${why}`);
}

/** ssh2 says "Host denied" of a wrong key and "All configured authentication methods failed" of a refused login. */
function explained(
  error: Error & { level?: string },
  host: Host,
  access: SshAccess,
  wrongKey: string | undefined,
): Error {
  if (wrongKey !== undefined || error.message.includes("no matching host key format")) {
    const shown = wrongKey ?? "none of the pinned kind";
    return new RefusedError("another host key", `must show the key ${host.hostKey}, shows ${shown}`);
  }
  return error.level === "client-authentication"
    ? new RefusedError(
        "login refused",
        `must let ${access.user} in with ${access.agent === undefined ? "the operator's key, refuses it" : "a key of the operator's ssh-agent, refuses all (`ssh-add -l` lists them)"}`,
      )
    : error;
}

/** The command's first 80 characters: its arguments may name hundreds of hosts. */
const named = (command: string): string => `\`${command.slice(0, 80)}\``;

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";
