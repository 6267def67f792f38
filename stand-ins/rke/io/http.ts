/** HTTP over any stream: one stream, one request. */
import * as http from "node:http";
import * as https from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import * as tls from "node:tls";
import type { ClientCertificate } from "./world";

export interface BinaryAnswer {
  status: number;
  body: Buffer;
}

export interface Call {
  method: string;
  path: string;
  host: string;
  body?: string;
  timeoutMs?: number;
}

export function overStream(stream: Duplex, call: Call): Promise<BinaryAnswer> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        method: call.method,
        path: call.path,
        headers: headersOf(call),
        createConnection: () => stream as unknown as Socket,
      },
      (response) => collect(response, stream, resolve, reject),
    );
    finish(request, stream, call, reject);
  });
}

export function overTls(stream: Duplex, call: Call, client?: ClientCertificate): Promise<BinaryAnswer> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ socket: stream as unknown as Socket, rejectUnauthorized: false, ...client });
    socket.once("error", reject);
    const request = https.request(
      { method: call.method, path: call.path, headers: headersOf(call), createConnection: () => socket },
      (response) => collect(response, socket, resolve, reject),
    );
    finish(request, socket, call, reject);
  });
}

function headersOf(call: Call): Record<string, string> {
  const headers: Record<string, string> = { host: call.host, connection: "close" };
  if (call.body !== undefined) {
    headers["content-type"] = "application/json";
    headers["content-length"] = String(Buffer.byteLength(call.body));
  }
  return headers;
}

function finish(request: http.ClientRequest, stream: Duplex, call: Call, reject: (error: Error) => void): void {
  request.once("error", reject);
  stream.once("close", () => reject(new Error("EOF")));
  if (call.timeoutMs !== undefined) {
    const timer = setTimeout(() => request.destroy(new Error("i/o timeout")), call.timeoutMs);
    request.once("close", () => clearTimeout(timer));
  }
  request.end(call.body);
}

function collect(
  response: http.IncomingMessage,
  stream: Duplex,
  resolve: (answer: BinaryAnswer) => void,
  reject: (error: Error) => void,
): void {
  const parts: Buffer[] = [];
  response.on("data", (part: Buffer) => parts.push(part));
  response.once("error", reject);
  response.once("end", () => {
    resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts) });
    stream.destroy();
  });
}
