/** Hosts, docker, etcd and the Kubernetes API as far as RKE asks about them, with a clock that sleeping moves. */
import { readFileSync } from "node:fs";
import {
  type ContainerInspect,
  type ContainerRequest,
  type DockerApi,
  type HttpAnswer,
  NotFound,
  type World,
} from "../../../stand-ins/rke/io/world";
import type { NodeConfig } from "../../../stand-ins/rke/rke-config";
import type { KubeNode } from "../../../stand-ins/rke/run/nodes";

interface FakeContainer {
  id: string;
  request: ContainerRequest;
  running: boolean;
  restarting: boolean;
}

/** These end by themselves; cert-deployer only a little later, so that RKE sees it run once. */
const SHORT = [
  "cert-deployer",
  "file-deployer",
  "etcd-fix-perm",
  "rke-log-linker",
  "rke-log-cleaner",
  "cluster-state-deployer",
];
const CERT_DEPLOYER_MS = 1000;

export class FakeHost {
  on = true;
  readonly containers = new Map<string, FakeContainer>();
  /** Names of containers in the order of their creation and restarts, without the short-lived ones. */
  touched: string[] = [];
  private count = 0;
  private readonly started = new Map<string, number>();

  constructor(
    readonly name: string,
    readonly address: string,
    private readonly world: FakeWorld,
  ) {}

  runs(name: string): boolean {
    const container = this.containers.get(name);
    return this.on && container !== undefined && this.isRunning(name, container);
  }

  place(name: string, request: ContainerRequest, running = true): void {
    this.containers.set(name, { id: `${this.name}-${name}-${++this.count}`, request, running, restarting: false });
  }

  private isRunning(name: string, container: FakeContainer): boolean {
    if (name !== "cert-deployer") return container.running;
    return container.running && this.world.now() < (this.started.get(name) ?? 0) + CERT_DEPLOYER_MS;
  }

  private need(name: string): FakeContainer {
    const container = this.containers.get(name);
    if (!container) throw new NotFound(`Error: No such container: ${name}`);
    return container;
  }

  private touch(name: string): void {
    if (!SHORT.includes(name)) this.touched.push(name);
  }

  private run(name: string, container: FakeContainer): void {
    this.started.set(name, this.world.now());
    container.running = name === "cert-deployer" || !SHORT.includes(name);
    container.restarting = false;
    if (name === "kubelet") this.world.register(this);
  }

  docker(): DockerApi {
    const dial = async () => {
      if (this.on) return;
      await this.world.sleep(3000);
      throw new Error(
        `error during connect: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.24/info": Failed to dial ssh using address [${this.address}:22]: dial tcp ${this.address}:22: connect: no route to host`,
      );
    };
    const inspect = (name: string): ContainerInspect => {
      const container = this.need(name);
      const { request } = container;
      const Running = this.isRunning(name, container);
      return {
        Id: container.id,
        LogPath: `/var/lib/docker/containers/${container.id}.log`,
        State: { Running, Restarting: container.restarting, Status: Running ? "running" : "exited", ExitCode: 0 },
        Config: {
          Image: request.Image,
          Entrypoint: request.Entrypoint ?? null,
          Cmd: request.Cmd ?? null,
          Env: [...(request.Env ?? []), "PATH=/bin"],
        },
        HostConfig: { Binds: request.HostConfig.Binds ?? null, SecurityOpt: null },
      };
    };
    return {
      info: async () => {
        await dial();
        return { DockerRootDir: "/var/lib/docker", Architecture: "x86_64", ServerVersion: "20.10.24" };
      },
      names: async (all) =>
        [...this.containers].filter(([name, each]) => all || this.isRunning(name, each)).map(([name]) => name),
      inspect: async (name) => inspect(name),
      imageEnv: async () => ["PATH=/bin"],
      create: async (name, request) => {
        this.place(name, structuredClone(request), false);
        this.touch(name);
      },
      start: async (name) => this.run(name, this.need(name)),
      stop: async (name) => {
        this.need(name).running = false;
      },
      restart: async (name) => {
        this.touch(name);
        this.run(name, this.need(name));
      },
      rename: async (name, to) => {
        this.containers.set(to, this.need(name));
        this.containers.delete(name);
      },
      remove: async (name) => {
        this.need(name);
        this.containers.delete(name);
      },
      lastLine: async () => ({ stdout: "", stderr: "" }),
      readFile: async (_name, path) => {
        throw new NotFound(`Error: No such container:path: ${path}`);
      },
    };
  }
}

const answer = (status: number, body: unknown): HttpAnswer => ({ status, body: JSON.stringify(body) });

export class FakeWorld implements World {
  readonly hosts: FakeHost[];
  readonly nodes = new Map<string, KubeNode>();
  /** Names of etcd's members. */
  members: string[] = [];
  private clock = 0;

  constructor(hosts: Record<string, string>) {
    this.hosts = Object.entries(hosts).map(([name, address]) => new FakeHost(name, address, this));
  }

  host(name: string): FakeHost {
    const host = this.hosts.find((each) => each.name === name || each.address === name);
    if (!host) throw new Error(`no fake host ${name}`);
    return host;
  }

  now(): number {
    return this.clock;
  }

  async sleep(ms: number): Promise<void> {
    this.clock += ms;
  }

  close(): void {}

  /** As a kubelet does: without roles. */
  register({ name }: FakeHost): void {
    if (this.nodes.has(name)) return;
    const labels = { "kubernetes.io/hostname": name };
    const status = { conditions: [{ type: "Ready", status: "True" }] };
    this.nodes.set(name, { metadata: { name, labels, annotations: {} }, spec: {}, status });
  }

  link(node: NodeConfig) {
    const host = this.host(node.address);
    return {
      docker: host.docker(),
      fetch: async (method: string, address: string): Promise<HttpAnswer> =>
        this.fetchOn(host, method, new URL(address)),
    };
  }

  private fetchOn(host: FakeHost, method: string, url: URL): HttpAnswer {
    if (url.port !== "2379") return { status: 200, body: "ok" };
    if (!host.runs("etcd")) throw new Error("EOF");
    if (url.pathname === "/health") return { status: 200, body: '{"health":"true"}' };
    const members = this.members.map((name) => ({
      id: name,
      name,
      peerURLs: [`https://${this.host(name.slice(5)).address}:2380`],
    }));
    if (method === "GET") return answer(200, { members });
    const id = url.pathname.split("/")[3];
    if (method === "DELETE" && id) {
      this.members = this.members.filter((name) => name !== id);
      return { status: 204, body: "" };
    }
    return { status: 405, body: "" };
  }

  kube(path: string) {
    const server = /server: "(.*)"/.exec(readFileSync(path, "utf8"))?.[1] ?? "";
    const host = this.host(new URL(server).hostname);
    return {
      request: async (method: string, where: string, body?: unknown): Promise<HttpAnswer> => {
        if (!host.runs("kube-apiserver")) throw new Error(`dial tcp ${host.address}:6443: connect: connection refused`);
        return this.kubeAnswer(method, where, body);
      },
    };
  }

  private kubeAnswer(method: string, path: string, body?: unknown): HttpAnswer {
    const name = /^\/api\/v1\/nodes\/(.*)$/.exec(path)?.[1];
    if (path === "/api/v1/nodes") return answer(200, { items: [...this.nodes.values()] });
    if (name === undefined) return answer(200, {});
    if (method === "PUT") this.nodes.set(name, body as KubeNode);
    if (method === "DELETE") this.nodes.delete(name);
    return answer(200, {});
  }
}
