/** All that the stand-in touches outside itself; tests put a world of their own here. */
import type { NodeConfig } from "../rke-config";

export interface DockerInfo {
  DockerRootDir: string;
  Architecture: string;
  ServerVersion: string;
}

export interface ContainerInspect {
  Id: string;
  LogPath: string;
  State: { Running: boolean; Restarting: boolean; Status: string; ExitCode: number };
  Config: { Image: string; Entrypoint: string[] | null; Cmd: string[] | null; Env: string[] | null };
  HostConfig: { Binds: string[] | null; SecurityOpt: string[] | null };
}

/** The container that docker is asked to create. */
export interface ContainerRequest {
  Image: string;
  Entrypoint?: string[] | null;
  Cmd?: string[] | null;
  Env?: string[] | null;
  Labels?: Record<string, string> | null;
  Tty?: boolean;
  HostConfig: {
    Binds?: string[] | null;
    VolumesFrom?: string[] | null;
    NetworkMode?: string;
    PidMode?: string;
    Privileged?: boolean;
    RestartPolicy?: { Name: string; MaximumRetryCount: number };
  };
}

/** Docker answered 404: no such container, image or file. */
export class NotFound extends Error {}

export interface DockerApi {
  info(): Promise<DockerInfo>;
  names(all: boolean): Promise<string[]>;
  inspect(name: string): Promise<ContainerInspect>;
  imageEnv(image: string): Promise<string[] | null>;
  create(name: string, request: ContainerRequest): Promise<void>;
  start(name: string): Promise<void>;
  stop(name: string, seconds: number): Promise<void>;
  restart(name: string, seconds: number): Promise<void>;
  rename(name: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  lastLine(name: string): Promise<{ stdout: string; stderr: string }>;
  readFile(name: string, path: string): Promise<string>;
}

export interface HttpAnswer {
  status: number;
  body: string;
}

export interface ClientCertificate {
  cert: string;
  key: string;
}

/** A host over SSH: its docker, and what listens on it. Dialled at first use. */
export interface HostLink {
  docker: DockerApi;
  /** Through a tunnel to the host; a server's certificate is not checked, as RKE doesn't. */
  fetch(method: string, url: string, client?: ClientCertificate, body?: string): Promise<HttpAnswer>;
}

export interface KubeApi {
  /** Answers whatever the status; rejects when there is no answer within 30 s. */
  request(method: string, path: string, body?: unknown): Promise<HttpAnswer>;
}

export interface World {
  now(): number;
  sleep(ms: number): Promise<void>;
  /** Rejects when the host can't even be tried, as with a missing key file. */
  link(node: NodeConfig): HostLink;
  /** Ends what is open to hosts. */
  close(): void;
  kube(kubeConfigPath: string): KubeApi;
}
