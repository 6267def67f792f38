import type { Process } from "./process";
import type { Running } from "./running";

/** How a spec differs from the process that stays for good. */
export interface SpecOptions {
  /** The process that this one replaces: its settings stay, as far as `process` says nothing of them. */
  base?: Running | undefined;
  /** Not started again by the runtime when it ends or the host boots. */
  once?: boolean;
  /** Without any network but its own loopback. */
  isolated?: boolean;
}

/**
 * A runtime starts a process on a host, keeps it running and reports it. Its other half is `on-host/runtimes/NAME.sh`, which takes
 * `spec` and prints what `read` reads.
 */
export interface Runtime {
  name: "docker" | "static-pod";
  /** Its daemon, and the command that restarts it, for an operator. */
  daemon: { name: string; restart: string };
  /** True if a process that runs but once, beside the runtime's own, must be isolated, since the runtime itself is held meanwhile. */
  runsOnceIsolated: boolean;
  /**
   * One process of a host's report.
   * @throws SyntaxError if the line is cut
   */
  read(line: string): Running;
  /** The description from which the host's half of the runtime makes the process: one line, the same for the same input. */
  spec(process: Process, epoch: number, options?: SpecOptions): string;
  /** The same for a program of ours that stays on the host: `script` runs in the host's own root, at each boot. */
  resident(image: string, script: string): string;
  /** The differences that the installer would find, as lines "- planned" and "+ found"; empty if it would leave the process alone. */
  differs(planned: Process, found: Process): string[];
}
