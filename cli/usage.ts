import type { Outcome } from "./command";

/** True if the arguments ask for help; then all others are ignored. */
export const asksForHelp = (argv: string[]): boolean => argv.includes("--help") || argv.includes("-h");

/** Runs a command, or prints its usage if the arguments ask for help: on standard output, with status 0. */
export const orUsage = (argv: string[], usage: string, run: () => Outcome): Outcome =>
  asksForHelp(argv) ? { status: 0, stdout: usage, stderr: "" } : run();
