import { type ChildProcess, execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { stringify } from "yaml";
import type { World } from "./world.js";

const run = promisify(execFile);

const ADDRESS = "127.0.0.1:26443";
const REFUSED = "127.0.0.1:1";

/** A kubeconfig as the recorder wrote it: keys in alphabetical order. */
function kubeconfig(server: string, user = "u"): string {
  const config = {
    apiVersion: "v1",
    clusters: [{ cluster: { "insecure-skip-tls-verify": true, server }, name: "c" }],
    contexts: [{ context: { cluster: "c", user }, name: "x" }],
    "current-context": "x",
    kind: "Config",
    users: [{ name: user, user: { token: "tok" } }],
  };
  return stringify(config, { indentSeq: false });
}

export const KUBE_CONFIG = {
  kubeconfig: kubeconfig(`https://${ADDRESS}`),
  kubeconfigAlt: kubeconfig(`https://${ADDRESS}`, "other"),
  kubeconfigDead: kubeconfig(`https://${REFUSED}`),
  kubeconfigSilent: kubeconfig("https://192.168.31.251:6443"),
};

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";

/** Longer names first: one is the beginning of another. */
export const KUBE_SUBSTITUTIONS = {
  $API_REFUSED_ADDR: REFUSED,
  $API_REFUSED: `https://${REFUSED}`,
  $API_ADDR: ADDRESS,
  $API: `https://${ADDRESS}`,
};

const CLIENT = `
  const [method, path, type, body] = process.argv.slice(1);
  const headers = { authorization: "Bearer tok", "content-type": type };
  const options = { method, headers, host: "127.0.0.1", port: 26443, path, rejectUnauthorized: false };
  const request = require("https").request(options, (response) => {
    response.pipe(process.stdout);
    response.on("end", () => { process.exitCode = response.statusCode < 300 ? 0 : 1; });
  });
  request.on("error", (error) => { console.error(error.message); process.exitCode = 1; });
  request.end(body);`;

/** Does for ConfigMaps what the controller manager's garbage collector does: nothing depends on them, so they may go. */
const COLLECTOR = `
  const call = (method, path, body) => new Promise((done) => {
    const headers = { authorization: "Bearer tok", "content-type": "application/merge-patch+json" };
    const request = require("https").request(
      { method, headers, host: "127.0.0.1", port: 26443, path, rejectUnauthorized: false },
      (response) => { let text = ""; response.on("data", (chunk) => (text += chunk)); response.on("end", () => done(text)); },
    );
    request.on("error", () => done("{}"));
    request.end(body);
  });
  const path = "${CONFIG_MAPS}";
  (async () => {
    for (;;) {
      for (const { metadata } of JSON.parse(await call("GET", path)).items ?? []) {
        if (!metadata.deletionTimestamp) continue;
        await call("PATCH", path + "/" + metadata.name, JSON.stringify({ metadata: { finalizers: null } }));
      }
      await new Promise((done) => setTimeout(done, 200));
    }
  })();`;

/** A real API server on a real etcd, in the world's namespace. */
export class ApiServer {
  private collector: ChildProcess | undefined;

  private constructor(
    private readonly world: World,
    private readonly stopServer: () => void,
  ) {}

  static async start(world: World, apiserver: string, etcd: string): Promise<ApiServer> {
    const dir = join(world.dir, "kube");
    await mkdir(dir);
    await writeFile(join(dir, "tokens.csv"), 'tok,u,1,"system:masters"\n');
    await run("openssl", ["genrsa", "-out", join(dir, "sa.key"), "2048"]);
    await run("openssl", ["rsa", "-in", join(dir, "sa.key"), "-pubout", "-out", join(dir, "sa.pub")]);
    world.start([etcd, "--data-dir", join(dir, "etcd"), "--logger", "zap", "--log-level", "error"]);
    const child = world.start([
      apiserver,
      "--etcd-servers=http://127.0.0.1:2379",
      "--secure-port=26443",
      "--bind-address=127.0.0.1",
      // Without a default route it finds no address of its own.
      "--advertise-address=192.168.31.1",
      `--cert-dir=${join(dir, "certs")}`,
      `--token-auth-file=${join(dir, "tokens.csv")}`,
      `--service-account-key-file=${join(dir, "sa.pub")}`,
      `--service-account-signing-key-file=${join(dir, "sa.key")}`,
      "--service-account-issuer=https://replay",
      "--service-cluster-ip-range=10.43.0.0/16",
      "--authorization-mode=RBAC",
    ]);
    const server = new ApiServer(world, () => child.kill("SIGTERM"));
    await server.ready();
    return server;
  }

  call(method: string, path: string, body?: unknown, type = "application/json"): Promise<{ stdout: string }> {
    const text = body === undefined ? "" : JSON.stringify(body);
    const [file, args] = this.world.inside(process.execPath, "-e", CLIENT, method, path, type, text);
    return run(file, args);
  }

  /** Makes the objects that exist before the first stage of a suite, and deletes those of a suite before. */
  async seed(): Promise<void> {
    await this.seedNodes();
    await this.create("existing");
  }

  private async seedNodes(): Promise<void> {
    await this.clear();
    for (const name of ["node1", "node2", "nosuchnode"])
      await this.call("DELETE", `/api/v1/nodes/${name}`).catch(() => {});
    for (const name of ["node1", "node2"])
      await this.applyNode("kubectl", name, { labels: { "kubernetes.io/hostname": name } });
  }

  /** The suite k8sopts was recorded where k8s had left its traces. */
  async seedForOptions(): Promise<void> {
    await this.seedNodes();
    const left = { labels: { dc: "b" }, annotations: { "pulumi.com/patchForce": "true" } };
    await this.applyNode("pulumi-kubernetes-0123abcd", "node1", left);
    await this.create("taken");
  }

  /**
   * Removes every ConfigMap but the cluster's own and those named; objects that are deleted are collected from here on. One that
   * the suite before had deleted in vain may be collected between the look and the request.
   */
  async clear(...kept: string[]): Promise<void> {
    this.stopCollecting();
    this.collector = this.world.start([process.execPath, "-e", COLLECTOR]);
    const others = async (): Promise<string[]> => {
      const { items } = JSON.parse((await this.call("GET", CONFIG_MAPS)).stdout);
      const names: string[] = items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
      return names.filter((name) => !["kube-root-ca.crt", ...kept].includes(name));
    };
    for (const name of await others()) await this.call("DELETE", `${CONFIG_MAPS}/${name}`).catch(() => {});
    await this.until(async () => (await others()).length === 0, "ConfigMaps that were deleted are still there");
  }

  stopCollecting(): void {
    this.collector?.kill("SIGKILL");
    this.collector = undefined;
  }

  private async applyNode(manager: string, name: string, metadata: object): Promise<void> {
    const node = { apiVersion: "v1", kind: "Node", metadata: { name, ...metadata } };
    await this.call("PATCH", `/api/v1/nodes/${name}?fieldManager=${manager}`, node, "application/apply-patch+yaml");
  }

  private async create(name: string): Promise<void> {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { orig: "1" } };
    await this.call("POST", `${CONFIG_MAPS}?fieldManager=kubectl-create`, object);
  }

  /** Changes the program's objects as somebody else would. */
  async drift(): Promise<void> {
    const merge = "application/merge-patch+json";
    const labels = { metadata: { labels: { dc: "tampered" } } };
    await this.call("PATCH", "/api/v1/nodes/node1?fieldManager=kubectl-label", labels, merge);
    const path = `${CONFIG_MAPS}/cm-renamed?fieldManager=kubectl-patch`;
    await this.call("PATCH", path, { data: { key: "tampered" } }, merge);
  }

  async stop(): Promise<void> {
    this.stopServer();
    await this.until(
      () =>
        this.call("GET", "/version").then(
          () => false,
          () => true,
        ),
      "the API server still answers",
    );
  }

  private async ready(): Promise<void> {
    const answers = () =>
      this.call("GET", "/api/v1/namespaces/default").then(
        () => true,
        () => false,
      );
    await this.until(answers, "the API server isn't ready");
  }

  private async until(condition: () => Promise<boolean>, otherwise: string): Promise<void> {
    const deadline = Date.now() + 90_000;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error(`${otherwise} after 90 s`);
      await wait(300);
    }
  }
}
