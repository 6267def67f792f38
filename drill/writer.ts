/**
 * The client of a drill: writes numbered ConfigMaps one after the other, to whichever API server answers, and keeps what
 * each attempt was told. Runs in the operator's namespace until it is told to stop (SIGTERM).
 * stdin: WriterConfig as JSON
 */
import { appendFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import type { Attempt } from "./history";

export interface WriterConfig {
  /** URLs of the API servers. */
  servers: string[];
  ca: string;
  cert: string;
  key: string;
  namespace: string;
  /** Start of the ConfigMaps' names: PREFIX-NUMBER. */
  prefix: string;
  /** Path of the file to which attempts are appended. */
  log: string;
}

/** Milliseconds that an attempt may take, and the pause after each. */
const attemptLimit = 2000;
const pauseBetween = 100;

function post(config: WriterConfig, agent: Agent, server: string, n: number): Promise<number | undefined> {
  const body = JSON.stringify({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: `${config.prefix}-${n}` },
    data: { n: String(n), at: new Date().toISOString() },
  });
  return new Promise((resolve, reject) => {
    const call = request(
      `${server}/api/v1/namespaces/${config.namespace}/configmaps`,
      {
        method: "POST",
        agent,
        headers: { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) },
      },
      (response) => {
        let answer = "";
        response.setEncoding("utf8").on("data", (text: string) => {
          answer += text;
        });
        response.on("end", () =>
          response.statusCode === 201
            ? resolve(revisionIn(answer))
            : reject(new Error(`status ${response.statusCode}`)),
        );
        response.on("error", reject);
      },
    );
    const timer = setTimeout(() => call.destroy(new Error(`no answer within ${attemptLimit} ms`)), attemptLimit);
    call.on("close", () => clearTimeout(timer));
    call.on("error", reject);
    call.end(body);
  });
}

/** etcd's revision of the write, as the API server's answer has it. */
function revisionIn(answer: string): number | undefined {
  const revision = /"resourceVersion":\s*"(\d+)"/.exec(answer)?.[1];
  return revision === undefined ? undefined : Number(revision);
}

async function write(config: WriterConfig): Promise<void> {
  let stopping = false;
  process.on("SIGTERM", () => {
    stopping = true;
  });
  const agent = new Agent({ keepAlive: true, ca: config.ca, cert: config.cert, key: config.key });
  for (let n = 1, turn = 0; !stopping; n++) {
    const server = config.servers[turn % config.servers.length] ?? "";
    const attempt: Attempt = { n, startedAt: Date.now(), endedAt: 0, acknowledged: true, server };
    try {
      const revision = await post(config, agent, server, n);
      if (revision !== undefined) attempt.revision = revision;
    } catch (error) {
      turn++;
      attempt.acknowledged = false;
      attempt.error = error instanceof Error ? error.message : String(error);
    }
    attempt.endedAt = Date.now();
    appendFileSync(config.log, `${JSON.stringify(attempt)}\n`);
    await pause(pauseBetween);
  }
  agent.destroy();
}

if (require.main === module) {
  let input = "";
  process.stdin.on("data", (chunk) => {
    input += String(chunk);
  });
  process.stdin.on("end", () => void write(JSON.parse(input) as WriterConfig));
}
