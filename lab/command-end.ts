import { LabError } from "./machine/run";

/** Ends a command with its exit code; an error that the user can mend is printed in one line, without a stack. */
export function endWith(command: Promise<number>): void {
  command.then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      const plain =
        error instanceof LabError || String((error as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS");
      process.stderr.write(`${plain ? (error as Error).message : error instanceof Error ? error.stack : error}\n`);
      process.exitCode = 1;
    },
  );
}
