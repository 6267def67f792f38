/**
 * A third party's client in a drill: an informer of @kubernetes/client-node, which lists ConfigMaps once and from then on believes what its
 * watch says. Runs in the operator's namespace until it is told to stop (SIGTERM).
 * stdin: InformerConfig as JSON
 */
import { appendFileSync } from "node:fs";

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

/** One change that the informer heard of. */
export interface Heard {
  /** Unix milliseconds. */
  at: number;
  event: "add" | "delete";
  name: string;
}

/** Milliseconds after which it connects again. */
const pause = 1000;

async function inform(config: InformerConfig): Promise<void> {
  const { CoreV1Api, KubeConfig, makeInformer } = await import("@kubernetes/client-node");
  const { server, namespace } = config;
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const access = new KubeConfig();
  access.loadFromClusterAndUser(
    { name: "drill", server, caData: base64(config.ca), skipTLSVerify: false },
    { name: "drill", certData: base64(config.cert), keyData: base64(config.key) },
  );
  const api = access.makeApiClient(CoreV1Api);
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const informer = makeInformer(access, path, () => api.listNamespacedConfigMap({ namespace }));
  const note = (event: Heard["event"]) => (changed: { metadata?: { name?: string } }) => {
    const heard: Heard = { at: Date.now(), event, name: changed.metadata?.name ?? "" };
    appendFileSync(config.log, `${JSON.stringify(heard)}\n`);
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
