import type { Outcome } from "./command";

/** Whether a command is only asked how it is called; then nothing else is looked at. */
export const asksForHelp = (argv: string[]): boolean => argv.includes("--help") || argv.includes("-h");

/** A command's body, or its usage where it is asked for: on standard output, with status 0. */
export const orUsage = (argv: string[], usage: string, run: () => Outcome): Outcome =>
  asksForHelp(argv) ? { status: 0, stdout: usage, stderr: "" } : run();
