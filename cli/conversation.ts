import { onHostScript, stepScript } from "../on-host";
import type { Data } from "../plan/acts/lost/where";
import { dialectOf } from "../plan/installers/dialect";
import { ownServer } from "../plan/topology/servers";
import { type Host, sshLogin, type Topology } from "../plan/topology/topology";
import { remoteBash } from "../reach/command-line";
import { runOverSsh, type Stdin } from "../reach/ssh";
import type { SshAccess } from "../reach/ssh-access";

/** Seconds that reading may take on a host. */
const limit = 3600;
const bounds = { seconds: limit, killAfter: 30, yielding: true };

/** What is sent to a host: a command line, and what it reads from stdin before requests follow. */
export interface Opening {
  command: string;
  input: string;
}

/**
 * A script on a host that answers requests, a line each. It runs from the first moment until `close`, whose end of stdin makes it remove what it has
 * made on the host.
 */
export class Conversation {
  private readonly waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  private stdin: Stdin | undefined;
  private ended: Error | undefined;
  private said = "";
  private readonly run: Promise<unknown>;

  constructor(
    readonly host: Host,
    access: SshAccess,
    { command, input }: Opening,
    onProgress: (text: string) => void,
  ) {
    let rest = "";
    this.run = runOverSsh(host, access, command, input, {
      limits: { ready: 8000, total: (limit + 60) * 1000 },
      ends: this.closing.signal,
      onStdin: (stdin) => {
        this.stdin = stdin;
        for (const text of this.early) stdin.write(text);
        if (this.ended) stdin.end();
      },
      onStdout: (text) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) this.answered(line);
      },
      onStderr: (text) => {
        this.said = text.trim().split("\n").at(-1) || this.said;
        onProgress(text);
      },
    }).then(
      () => this.fail(new Error("its script ended early")),
      (error: unknown) => this.fail(error instanceof Error ? error : new Error(String(error))),
    );
  }

  private readonly early: string[] = [];
  private readonly closing = new AbortController();

  /**
   * Sends a request and waits for its answer.
   * @throws Error with the host's name and the reason if it has none
   */
  ask(request: string): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.ended) {
        reject(this.ended);
        return;
      }
      this.waiting.push({ resolve, reject });
      if (this.stdin) this.stdin.write(`${request}\n`);
      else this.early.push(`${request}\n`);
    });
  }

  /** Ends the script and waits for its end; a failure of the end itself is of no interest any more. */
  async close(): Promise<void> {
    this.ended ??= new Error("closed");
    this.closing.abort();
    this.stdin?.end();
    await this.run;
  }

  private answered(line: string): void {
    const next = this.waiting.shift();
    if (line.startsWith("!")) next?.reject(new Error(`${this.host.name}: ${line.slice(1)}`));
    else next?.resolve(line);
  }

  /** The host's own last words say more than the exit code does. */
  private fail(error: Error): void {
    const [, words] = /error: (.*)/.exec(this.said) ?? [];
    this.ended = new Error(`${this.host.name}: ${words ?? error.message}`);
    for (const { reject } of this.waiting.splice(0)) reject(this.ended);
  }
}

/** Reads etcd's data that lies aside on a host, by a scratch etcd there (on-host/steps/lost.sh). */
export const asideData = (topology: Topology, { host, path, image }: Data, prefix: string): Opening => ({
  command: remoteBash(
    sshLogin(topology.ssh, host).user,
    ["lost", 0, 0, "lost", topology.cluster, path, image, prefix],
    bounds,
  ),
  input: `${stepScript("lost", dialectOf(topology, host))}\nmain "$@"; exit\n`,
});

/** Reads the living cluster's API from a deploy host (on-host/look/cluster.sh). */
export const livingApi = (topology: Topology, deploy: Host): Opening => ({
  command: remoteBash(
    sshLogin(topology.ssh, deploy).user,
    ["lost", 0, 0, "lost", topology.cluster, ownServer(topology, deploy.datacenter)],
    bounds,
  ),
  input: `${onHostScript("look/cluster", dialectOf(topology, deploy))}\nmain "$@"; exit\n`,
});
