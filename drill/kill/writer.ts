/**
 * Clients of one etcd: each puts one new key after the other there, and prints the key when etcd has acknowledged it. Runs in the
 * operator's namespace until it is told to stop (SIGTERM), or etcd is gone.
 * stdin: WriterConfig as JSON
 */
import { Agent, request } from "node:https";
import { setTimeout as pause } from "node:timers/promises";

export interface WriterConfig {
  /** etcd's client URL. */
  url: string;
  ca: string;
  cert: string;
  key: string;
  /** The keys are PREFIX CLIENT-NUMBER. */
  prefix: string;
  clients: number;
  /** Milliseconds between two puts of a client: half of it to one and a half times it, by chance. */
  pauseBetween: number;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

function put({ url }: WriterConfig, agent: Agent, key: string): Promise<void> {
  const body = JSON.stringify({ key: base64(key), value: base64(`value of ${key}`) });
  return new Promise((resolve, reject) => {
    const call = request(`${url}/v3/kv/put`, { method: "POST", agent, timeout: 5000 }, (answer) => {
      answer.resume();
      answer.on("error", reject);
      answer.on("end", () =>
        answer.statusCode === 200 ? resolve() : reject(new Error(`status ${answer.statusCode}`)),
      );
    });
    call.on("timeout", () => call.destroy(new Error("no answer for 5 s")));
    call.on("error", reject);
    call.end(body);
  });
}

async function client(config: WriterConfig, agent: Agent, number: number): Promise<void> {
  for (let i = 0; ; i++) {
    const key = `${config.prefix}${number}-${i}`;
    await put(config, agent, key);
    process.stdout.write(`${key}\n`);
    await pause(config.pauseBetween * (0.5 + Math.random()));
  }
}

async function write(config: WriterConfig): Promise<void> {
  const agent = new Agent({ keepAlive: true, ca: config.ca, cert: config.cert, key: config.key });
  await Promise.allSettled(Array.from({ length: config.clients }, (_, i) => client(config, agent, i)));
  process.exit(0);
}

if (require.main === module) {
  process.on("SIGTERM", () => process.exit(0));
  let input = "";
  process.stdin.on("data", (chunk) => {
    input += String(chunk);
  });
  process.stdin.on("end", () => void write(JSON.parse(input) as WriterConfig));
}
