/** Progress goes to standard error, so that standard output holds results only. */
const start = Date.now();

export function say(line: string): void {
  const seconds = ((Date.now() - start) / 1000).toFixed(1).padStart(6);
  process.stderr.write(`[lab ${seconds} s] ${line}\n`);
}

/** Says every `everySeconds` that `what` still goes on, until it settles. */
export async function sayWhile<T>(what: string, work: () => Promise<T>, everySeconds = 15): Promise<T> {
  const begun = Date.now();
  const elapsed = () => ((Date.now() - begun) / 1000).toFixed(0);
  const timer = setInterval(() => say(`${what}: ${elapsed()} s so far`), everySeconds * 1000);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
