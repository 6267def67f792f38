import { readFileSync } from "node:fs";
import { createServer } from "node:net";

const range = "/proc/sys/net/ipv4/ip_local_port_range";

/** First port that the kernel gives to connections and to listeners without one of their own (ip(7)); 32768 where it isn't Linux. */
function firstGiven(): number {
  try {
    return Number(readFileSync(range, "utf8").split(/\s/)[0]);
  } catch {
    return 32768;
  }
}

const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer()
      .once("error", () => resolve(false))
      .listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });

let last = 10_000 + (process.pid % 500) * 20;

/**
 * A port of 127.0.0.1 for a program that takes its port by number. Nobody is given it in between: it lies below those that the kernel
 * gives, and no other call in this process returns it.
 */
export async function freePort(): Promise<number> {
  const end = firstGiven();
  for (let tried = 0; tried < 1000; tried++) {
    last = last + 1 < end ? last + 1 : 10_000;
    if (await isFree(last)) return last;
  }
  throw new Error("ports: one of a thousand must be free at 127.0.0.1, none is");
}
