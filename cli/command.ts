/** A command's exit status and output. It is returned, and printed elsewhere, so that tests need no process. */
export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs a command's body; if it throws, the outcome has the error's message, without a stack, and the status `failure`. */
export function outcome(failure: number, body: () => Partial<Outcome>): Outcome {
  const none = { status: 0, stdout: "", stderr: "" };
  try {
    return { ...none, ...body() };
  } catch (error) {
    return { ...none, status: failure, stderr: `${error instanceof Error ? error.message : error}\n` };
  }
}

export function print({ status, stdout, stderr }: Outcome): void {
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = status;
}
