import { request as plainRequest } from "node:http";
import { type RequestOptions, request } from "node:https";
import type { ValueMap } from "../serve/wire.js";
import type { Kind } from "./kinds.js";
import { kubeconfigText, type Settings } from "./settings.js";

/** The library is an ES module, which a CommonJS one can only import at run time, its types included. */
async function emptyConfig() {
  const { KubeConfig } = await import("@kubernetes/client-node");
  return new KubeConfig();
}
type KubeConfig = Awaited<ReturnType<typeof emptyConfig>>;

/** An answer of the API server that is not a success. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly code: number,
    readonly reason: string,
  ) {
    super(message);
  }
}

export interface Write {
  fieldManager?: string;
  dryRun?: boolean;
  force?: boolean;
}

/** Seconds after which a connect attempt that nobody answers is given up, as Go's client does. */
const DIAL_TIMEOUT = 30;

const APPLY = "application/apply-patch+yaml";

export class Api {
  private constructor(private readonly config: KubeConfig) {}

  static async connect(settings: Settings): Promise<{ api: Api; namespace: string; unreachable: string | undefined }> {
    const config = await emptyConfig();
    if (settings.kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromString(kubeconfigText(settings.kubeconfig));
    if (settings.context !== undefined) config.setCurrentContext(settings.context);
    const api = new Api(config);
    const namespace = settings.namespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? "default";
    return { api, namespace, unreachable: await api.unreachable() };
  }

  /** Why nothing can be done with the server, or undefined. Asks it what the official provider asks at its start. */
  private async unreachable(): Promise<string | undefined> {
    await this.call("GET", "/version").catch(() => {});
    try {
      await this.call("GET", "/openapi/v2?timeout=32s", undefined, undefined, true);
      return undefined;
    } catch (error) {
      return `unable to load schema information from the API server: ${(error as Error).message}`;
    }
  }

  create(kind: Kind, object: ValueMap, { fieldManager, dryRun }: Write): Promise<ValueMap> {
    const query = { fieldManager, dryRun: dryRun ? "All" : undefined };
    return this.call("POST", path(kind, object, undefined, query), object);
  }

  apply(kind: Kind, object: ValueMap, name: string, { fieldManager, dryRun, force }: Write): Promise<ValueMap> {
    const query = { fieldManager, dryRun: dryRun ? "All" : undefined, force: force ? "true" : "false" };
    return this.call("PATCH", path(kind, object, name, query), object, APPLY);
  }

  patch(kind: Kind, object: ValueMap, name: string, operations: ValueMap[]): Promise<ValueMap> {
    return this.call(
      "PATCH",
      path(kind, object, name),
      operations as unknown as ValueMap,
      "application/json-patch+json",
    );
  }

  read(kind: Kind, object: ValueMap, name: string): Promise<ValueMap> {
    return this.call("GET", path(kind, object, name));
  }

  /** Foreground: the object stays until the garbage collector has let go of what depends on it. */
  delete(kind: Kind, object: ValueMap, name: string): Promise<ValueMap> {
    const options = { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Foreground" };
    return this.call("DELETE", path(kind, object, name), options);
  }

  private async call(
    method: string,
    path: string,
    body?: ValueMap,
    contentType = "application/json",
    ignoreBody = false,
  ): Promise<ValueMap> {
    const server = this.config.getCurrentCluster()?.server;
    if (!server) throw new Error("invalid configuration: no configuration has been provided");
    const url = new URL(server.replace(/\/$/, "") + path);
    const text = body && JSON.stringify(body);
    const options: RequestOptions = {
      method,
      hostname: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port || (url.protocol === "https:" ? 443 : 80),
      path: url.pathname + url.search,
      headers: {
        accept: "application/json",
        // Node sends no length by itself with a DELETE, and a server takes that for no body
        ...(text ? { "content-type": contentType, "content-length": Buffer.byteLength(text) } : {}),
      },
    };
    await this.config.applyToHTTPSOptions(options as Parameters<KubeConfig["applyToHTTPSOptions"]>[0]);
    const explain = (reason: string) => `${method[0]}${method.slice(1).toLowerCase()} "${url.href}": ${reason}`;
    return exchange(url, options, text, explain, ignoreBody);
  }
}

function exchange(
  url: URL,
  options: RequestOptions,
  body: string | undefined,
  explain: (reason: string) => string,
  ignoreBody: boolean,
): Promise<ValueMap> {
  const address = `${options.hostname}:${options.port}`;
  return new Promise((done, fail) => {
    const outgoing = (url.protocol === "https:" ? request : plainRequest)(options, (response) => {
      const status = response.statusCode ?? 0;
      if (ignoreBody && status < 300) {
        // The schema is megabytes long; that it is served is all that is asked for.
        response.destroy();
        done({});
        return;
      }
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", fail);
      response.on("end", () => {
        const parsed = parse(Buffer.concat(chunks).toString("utf8"));
        if (status < 300) return done(parsed);
        const message = String(parsed.message ?? `the server answered with status ${status}`);
        fail(new ApiError(message, status, String(parsed.reason ?? "")));
      });
    });
    const timer = setTimeout(() => outgoing.destroy(new Error("i/o timeout")), DIAL_TIMEOUT * 1000);
    outgoing.on("socket", (socket) => {
      if (!socket.connecting) clearTimeout(timer);
      else socket.once("connect", () => clearTimeout(timer));
    });
    outgoing.on("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      fail(new Error(explain(reasonOf(error, address))));
    });
    outgoing.end(body);
  });
}

function reasonOf(error: NodeJS.ErrnoException, address: string): string {
  const reasons: Record<string, string> = {
    ECONNREFUSED: "connect: connection refused",
    EHOSTUNREACH: "connect: no route to host",
    ENETUNREACH: "connect: network is unreachable",
  };
  const known = reasons[error.code ?? ""] ?? (error.message === "i/o timeout" ? error.message : undefined);
  return known ? `dial tcp ${address}: ${known}` : error.message;
}

function parse(text: string): ValueMap {
  try {
    return JSON.parse(text) as ValueMap;
  } catch {
    return { message: text.trim() };
  }
}

function path(kind: Kind, object: ValueMap, name?: string, query: Record<string, string | undefined> = {}): string {
  const namespace = (object.metadata as ValueMap | undefined)?.namespace ?? "default";
  const parts = ["/api", kind.apiVersion, ...(kind.namespaced ? ["namespaces", String(namespace)] : []), kind.plural];
  const entries = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]));
  const search = new URLSearchParams(entries).toString();
  return [...parts, ...(name === undefined ? [] : [name])].join("/") + (search ? `?${search}` : "");
}
