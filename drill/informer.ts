/**
 * A third party's client in a drill: an informer of @kubernetes/client-node, which lists ConfigMaps once and from then on believes what its
 * watch says. Runs in the operator's namespace until it is told to stop (SIGTERM).
 * stdin: InformerConfig as JSON
 */
import { appendFileSync } from "node:fs";
import { Agent } from "node:https";
import type { Socket } from "node:net";

export interface InformerConfig {
  /** URL of the API server, which must outlive the disaster. */
  server: string;
  ca: string;
  cert: string;
  key: string;
  namespace: string;
  /** Path of the file to which a line of JSON is appended for each change. */
  log: string;
}

/** One thing that the informer heard: a list of all names, or a change. */
export type Heard = HeardList | HeardChange;

interface HeardList {
  /** Unix milliseconds. */
  at: number;
  event: "list";
  names: string[];
  /** etcd's revision of the list. */
  revision?: number;
}
interface HeardChange {
  at: number;
  event: "add" | "delete";
  name: string;
  /** etcd's revision of the change; none if the list before it showed it. */
  revision?: number;
}

/** Milliseconds after which it connects again. */
const pause = 1000;

/**
 * Makes every connection ask its server for a sign of life, so that one whose server has lost its power ends, also while an answer is awaited; Go's clients
 * do so by pings. @kubernetes/client-node asks only on the connection of a watch that has begun.
 */
function endDeadConnections(): void {
  const { createConnection } = Agent.prototype;
  Agent.prototype.createConnection = function (...args) {
    const socket = createConnection.apply(this, args);
    if (socket && "setKeepAlive" in socket) (socket as Socket).setKeepAlive(true, 10_000);
    return socket;
  };
}

async function inform(config: InformerConfig): Promise<void> {
  const { CoreV1Api, KubeConfig, makeInformer } = await import("@kubernetes/client-node");
  endDeadConnections();
  const { server, namespace } = config;
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const access = new KubeConfig();
  access.loadFromClusterAndUser(
    { name: "drill", server, caData: base64(config.ca), skipTLSVerify: false },
    { name: "drill", certData: base64(config.cert), keyData: base64(config.key) },
  );
  const api = access.makeApiClient(CoreV1Api);
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const write = (heard: Heard) => appendFileSync(config.log, `${JSON.stringify(heard)}\n`);
  const revisionOf = ({ resourceVersion = "" }: { resourceVersion?: string } = {}) =>
    /^\d+$/.test(resourceVersion) ? { revision: Number(resourceVersion) } : {};
  let listed = false;
  const informer = makeInformer(access, path, async () => {
    const list = await api.listNamespacedConfigMap({ namespace });
    const names = list.items.map(({ metadata }) => metadata?.name ?? "");
    write({ at: Date.now(), event: "list", names, ...revisionOf(list.metadata) });
    // the informer reports what the list changes before it watches, and such an object's revision is that of an earlier time
    listed = true;
    setImmediate(() => {
      listed = false;
    });
    return list;
  });
  const note =
    (event: HeardChange["event"]) => (changed: { metadata?: { name?: string; resourceVersion?: string } }) => {
      const revision = listed ? {} : revisionOf(changed.metadata);
      write({ at: Date.now(), event, name: changed.metadata?.name ?? "", ...revision });
    };
  informer.on("add", note("add"));
  informer.on("delete", note("delete"));
  let stopping = false;
  // whatever it was, an informer's owner starts it again: it goes on from the revision that it knew
  informer.on("error", () => void (stopping || setTimeout(() => void informer.start(), pause)));
  process.on("SIGTERM", () => {
    stopping = true;
    void informer.stop();
    process.exit(0);
  });
  await informer.start();
}

if (require.main === module) {
  let input = "";
  process.stdin.on("data", (chunk) => {
    input += String(chunk);
  });
  process.stdin.on("end", () => void inform(JSON.parse(input) as InformerConfig));
}
