/** A command's exit status and output. It is returned, and printed elsewhere, so that tests need no process. */
export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

/** An error in one line for the user; of a file that can't be used, the file and the reason. */
export function errorWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path, message } = error as NodeJS.ErrnoException;
  // Node says "ENOTDIR: not a directory, scandir 'FILE'"
  const [, reason] = /^[A-Z0-9]+: ([^,]+), \w+ /.exec(message) ?? [];
  return code !== undefined && path !== undefined && reason !== undefined
    ? `${path}: can't be used, ${reason} (${code})`
    : message;
}

/** Runs a command's body; if it throws, the outcome has the error's message, without a stack, and the status `failure`. */
export function outcome(failure: number, body: () => Partial<Outcome>): Outcome {
  const none = { status: 0, stdout: "", stderr: "" };
  try {
    return { ...none, ...body() };
  } catch (error) {
    return { ...none, status: failure, stderr: `${errorWords(error)}\n` };
  }
}

export function print({ status, stdout, stderr }: Outcome): void {
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = status;
}
