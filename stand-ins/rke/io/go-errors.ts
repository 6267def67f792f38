/** Network failures in the words of the Go programs that RKE is made of. */
const WORDS: Record<string, string> = {
  ECONNREFUSED: "connect: connection refused",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ETIMEDOUT: "connect: connection timed out",
  ECONNRESET: "read: connection reset by peer",
};

export function dialError(error: unknown, host: string, port: number | string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const words = code === undefined ? undefined : WORDS[code];
  return words === undefined ? message : `dial tcp ${host}:${port}: ${words}`;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
