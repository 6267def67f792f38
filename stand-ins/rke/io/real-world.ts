import type { NodeConfig } from "../rke-config";
import { DockerOverSsh } from "./docker";
import { dialError, messageOf } from "./go-errors";
import { overStream, overTls } from "./http";
import { kubeFrom } from "./kube";
import { SshHost } from "./ssh";
import type { ClientCertificate, HostLink, HttpAnswer, World } from "./world";

async function fetchThrough(
  ssh: SshHost,
  method: string,
  address: string,
  client?: ClientCertificate,
  body?: string,
): Promise<HttpAnswer> {
  const url = new URL(address);
  const port = Number(url.port);
  try {
    const stream = await ssh.tcp(url.hostname, port);
    const call = { method, path: url.pathname + url.search, host: url.host, body, timeoutMs: 50_000 };
    const answer = url.protocol === "https:" ? await overTls(stream, call, client) : await overStream(stream, call);
    return { status: answer.status, body: answer.body.toString("utf8") };
  } catch (error) {
    throw new Error(
      `${method[0]}${method.slice(1).toLowerCase()} "${address}": ${dialError(error, url.hostname, port)}`,
    );
  }
}

export function realWorld(): World {
  const opened: SshHost[] = [];
  return {
    now: () => Date.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    link(node: NodeConfig): HostLink {
      let ssh: SshHost;
      try {
        ssh = new SshHost(node);
      } catch (error) {
        throw new Error(`Can't establish dialer connection: ${messageOf(error)}`);
      }
      opened.push(ssh);
      return {
        docker: new DockerOverSsh(ssh),
        fetch: (method, url, client, body) => fetchThrough(ssh, method, url, client, body),
      };
    },
    close() {
      for (const ssh of opened) ssh.close();
    },
    kube: kubeFrom,
  };
}
