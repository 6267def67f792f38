/** Docker's API v1.24 over SSH, with the errors of docker's Go client. */
import { messageOf } from "./go-errors";
import { type BinaryAnswer, overStream } from "./http";
import type { SshHost } from "./ssh";
import { type ContainerInspect, type ContainerRequest, type DockerApi, type DockerInfo, NotFound } from "./world";

const SOCKET = "/var/run/docker.sock";
const BASE = "/v1.24";

function get(method: string): string {
  return method[0] + method.slice(1).toLowerCase();
}

export class DockerOverSsh implements DockerApi {
  constructor(private readonly ssh: SshHost) {}

  info(): Promise<DockerInfo> {
    return this.json("GET", "/info");
  }

  async names(all: boolean): Promise<string[]> {
    const list = await this.json<{ Names?: string[] }[]>("GET", `/containers/json?all=${all ? 1 : 0}`);
    return list.map((each) => (each.Names?.[0] ?? "").replace(/^\//, ""));
  }

  inspect(name: string): Promise<ContainerInspect> {
    return this.json("GET", `/containers/${name}/json`);
  }

  async imageEnv(image: string): Promise<string[] | null> {
    const found = await this.json<{ Config?: { Env?: string[] | null } | null }>("GET", `/images/${image}/json`);
    return found.Config?.Env ?? null;
  }

  async create(name: string, request: ContainerRequest): Promise<void> {
    await this.call("POST", `/containers/create?name=${name}`, JSON.stringify(request));
  }

  async start(name: string): Promise<void> {
    await this.call("POST", `/containers/${name}/start`);
  }

  async stop(name: string, seconds: number): Promise<void> {
    await this.call("POST", `/containers/${name}/stop?t=${seconds}`);
  }

  async restart(name: string, seconds: number): Promise<void> {
    await this.call("POST", `/containers/${name}/restart?t=${seconds}`);
  }

  async rename(name: string, to: string): Promise<void> {
    await this.call("POST", `/containers/${name}/rename?name=${to}`);
  }

  async remove(name: string): Promise<void> {
    await this.call("DELETE", `/containers/${name}?force=1&v=1`);
  }

  async lastLine(name: string): Promise<{ stdout: string; stderr: string }> {
    const answer = await this.call("GET", `/containers/${name}/logs?stdout=1&stderr=1&tail=1`);
    return demultiplex(answer.body);
  }

  async readFile(name: string, path: string): Promise<string> {
    const answer = await this.call("GET", `/containers/${name}/archive?path=${encodeURIComponent(path)}`);
    // A tar archive of one file: its size in octal at 124, its content after the first block.
    const size = Number.parseInt(answer.body.subarray(124, 136).toString(), 8);
    return answer.body.subarray(512, 512 + size).toString("utf8");
  }

  private async json<T>(method: string, path: string): Promise<T> {
    return JSON.parse((await this.call(method, path)).body.toString("utf8")) as T;
  }

  private async call(method: string, path: string, body?: string): Promise<BinaryAnswer> {
    const answer = await this.attempt(method, path, body);
    if (answer.status < 400) return answer;
    const text = answer.body.toString("utf8");
    const said = `Error response from daemon: ${daemonMessage(text)}`;
    throw answer.status === 404 ? new NotFound(said) : new Error(said);
  }

  private async attempt(method: string, path: string, body?: string): Promise<BinaryAnswer> {
    try {
      const stream = await this.ssh.unixSocket(SOCKET);
      return await overStream(stream, { method, path: `${BASE}${path}`, host: "docker", body });
    } catch (error) {
      const url = `http://${encodeURIComponent(SOCKET)}${BASE}${path}`;
      throw new Error(`error during connect: ${get(method)} "${url}": ${messageOf(error)}`);
    }
  }
}

function daemonMessage(text: string): string {
  try {
    return (JSON.parse(text) as { message: string }).message;
  } catch {
    return text.trim();
  }
}

/** Frames of an 8 byte head: the stream's number, then the length; a terminal's output has none. */
function demultiplex(bytes: Buffer): { stdout: string; stderr: string } {
  const out = { stdout: "", stderr: "" };
  let at = 0;
  while (at + 8 <= bytes.length && (bytes[at] ?? 9) <= 2 && bytes.readUIntBE(at + 1, 3) === 0) {
    const end = at + 8 + bytes.readUInt32BE(at + 4);
    const part = bytes.subarray(at + 8, end).toString("utf8");
    if (bytes[at] === 2) out.stderr += part;
    else out.stdout += part;
    at = end;
  }
  if (at === 0) out.stdout = bytes.toString("utf8");
  return out;
}
