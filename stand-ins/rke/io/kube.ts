/** The Kubernetes API at the address of an admin's kubeconfig, read anew for each client as RKE does. */
import { readFileSync } from "node:fs";
import * as https from "node:https";
import { parse } from "yaml";
import { dialError } from "./go-errors";
import type { HttpAnswer, KubeApi } from "./world";

const TIMEOUT_MS = 30_000;

interface KubeConfig {
  clusters: { cluster: { server: string; "certificate-authority-data": string } }[];
  users: { user: { "client-certificate-data": string; "client-key-data": string } }[];
}

interface Access {
  server: URL;
  ca: Buffer;
  cert: Buffer;
  key: Buffer;
}

export function readAccess(path: string): Access {
  const config = parse(readFileSync(path, "utf8")) as KubeConfig;
  const cluster = config.clusters[0]?.cluster;
  const user = config.users[0]?.user;
  if (!cluster || !user) throw new Error(`invalid configuration: no cluster or no user in ${path}`);
  const bytes = (base64: string) => Buffer.from(base64, "base64");
  return {
    server: new URL(cluster.server),
    ca: bytes(cluster["certificate-authority-data"]),
    cert: bytes(user["client-certificate-data"]),
    key: bytes(user["client-key-data"]),
  };
}

export function kubeFrom(kubeConfigPath: string): KubeApi {
  const access = readAccess(kubeConfigPath);
  return { request: (method, path, body) => send(access, method, path, body) };
}

function send(access: Access, method: string, path: string, body?: unknown): Promise<HttpAnswer> {
  const { server, ca, cert, key } = access;
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const url = `${server.origin}${path}${path.includes("?") ? "&" : "?"}timeout=30s`;
  const failure = (error: Error) =>
    new Error(
      `${method[0]}${method.slice(1).toLowerCase()} "${url}": ${dialError(error, server.hostname, server.port)}`,
    );
  return new Promise((resolve, reject) => {
    const request = https.request(
      url,
      {
        method,
        ca,
        cert,
        key,
        agent: false,
        headers: { "content-type": "application/json", accept: "application/json" },
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.once("error", (error) => reject(failure(error)));
        response.once("end", () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString("utf8") }),
        );
      },
    );
    const timer = setTimeout(
      () => request.destroy(new Error("context deadline exceeded (Client.Timeout exceeded while awaiting headers)")),
      TIMEOUT_MS,
    );
    request.once("close", () => clearTimeout(timer));
    request.once("error", (error) => reject(failure(error)));
    request.end(payload);
  });
}
