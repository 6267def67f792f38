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

/** Command lines that an operator types on a host. */
export interface RuntimeCommands {
  /** Starts a process that was stopped. */
  start(name: string): string;
  stop(names: string[]): string;
  /** Makes a process that an act has set aside under a name run again under its own, now and at boot. */
  bringBack(aside: string, name: string): string;
  /** Shows the process as the host has it, with its arguments. */
  show(name: string): string;
  /** Tells why a process doesn't run. */
  why(name: string): string;
  /** For a host that lacks the process: its place, and how to find it under another name; the end of a sentence. */
  gone(name: string): string;
  pull(image: string): string;
  /** Without a registry: on a host that has the image, then on the one that lacks it. */
  carry(image: string): { from: string; to: string };
  /** Deletes images that nothing uses. */
  prune: string;
}

/**
 * A runtime starts a process on a host, keeps it running and reports it. Its other half is `on-host/runtimes/NAME.sh`, which takes
 * `spec` and prints what `read` reads.
 */
export interface Runtime {
  name: "docker" | "static-pod" | "systemd";
  /** Its daemon, the folder of its data, and what an operator does if it doesn't answer. */
  daemon: { name: string; folder: string; restart: string };
  /** Commands for an operator on the host, without quotes. */
  commands: RuntimeCommands;
  /** True if a process that runs but once, beside the runtime's own, must be isolated, since the runtime itself is held meanwhile. */
  runsOnceIsolated: boolean;
  /** True if two processes can share a network that leads nowhere, as those of a rehearsal do. */
  sharesNetworks: boolean;
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
