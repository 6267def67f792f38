/** The processes that RKE would run on a host: one container each. */
import type { Host } from "../hosts";
import { namesInSmallLetters, unmarksBinds } from "../releases";
import type { BaseService, RkeConfig } from "../rke-config";

export interface Process {
  name: string;
  /** RKE puts the whole command of a Kubernetes service here, and docker's Entrypoint gets it. */
  command?: string[];
  args?: string[];
  env?: string[];
  image: string;
  volumesFrom?: string[];
  binds?: string[];
  networkMode: string;
  pidMode?: string;
  privileged?: boolean;
  restartPolicy?: string;
  healthCheck: { url?: string };
  labels: Record<string, string>;
}

export const SIDEKICK = "service-sidekick";
export const TOOLS_ENTRYPOINT = "/opt/rke-tools/entrypoint.sh";

export function labelled(name: string): Record<string, string> {
  return { "io.rancher.rke.container.name": name };
}

/** RKE's arguments, then the release's options (an empty value removes one), then the user's extra_args. */
export function mergeArguments(
  own: Record<string, string>,
  options: Record<string, string>,
  later: Record<string, string> = {},
  extra: Record<string, string> = {},
): Record<string, string> {
  const merged: Record<string, string> = { ...own };
  for (const [name, value] of Object.entries(options)) {
    if (value === "") delete merged[name];
    else merged[name] = value;
  }
  return { ...merged, ...later, ...extra };
}

/** Sorted: RKE's own order is random, and neither it nor the programs care. */
export function toFlags(named: Record<string, string>): string[] {
  return Object.keys(named)
    .sort()
    .map((name) => `--${name}=${named[name]}`);
}

export function unique(values: string[]): string[] {
  return [...new Set(values)];
}

export function extraOf(service: BaseService): { args: Record<string, string>; binds: string[]; env: string[] } {
  return { args: service.extraArgs ?? {}, binds: service.extraBinds ?? [], env: service.extraEnv ?? [] };
}

export function localHealth(scheme: "http" | "https", port: number): { url: string } {
  return { url: `${scheme}://localhost:${port}/healthz` };
}

const SSL = "/etc/kubernetes/ssl/";
export const certPath = (name: string) => `${SSL}${name}.pem`;
export const keyPath = (name: string) => `${SSL}${name}-key.pem`;
export const configPath = (name: string) => `${SSL}kubecfg-${name}.yaml`;
export const KUBERNETES_BIND = "/etc/kubernetes:/etc/kubernetes:z";

/** RKE's own binds, without their SELinux mark if the release and the version of Kubernetes want none. */
export function ownBinds({ kubernetesVersion }: Pick<RkeConfig, "kubernetesVersion">, binds: string[]): string[] {
  if (!unmarksBinds(kubernetesVersion)) return binds;
  return binds.map((bind) => bind.replace(/(:|,)z$/, ""));
}

/** A per-host certificate carries the internal address where there is one of its own. */
export function certificateName(prefix: string, host: Pick<Host, "address" | "internalAddress">): string {
  const name = (host.internalAddress || host.address).replaceAll(".", "-");
  return `${prefix}-${namesInSmallLetters() ? name.toLowerCase() : name}`;
}
