import { argument, type Process } from "../../runtimes/process";

/** The live cluster comes first: little of the processor when it wants some, first to go when memory runs out. */
export const lastInLine = {
  RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
  CpuShares: 64,
  OomScoreAdj: 1000,
  // spec_with_memory (on-host/runtimes) puts a limit here, from what the host has
  Memory: 0,
  SecurityOpt: ["label=disable"],
};

/** A scratch kube-apiserver beside a scratch etcd, whose network it shares. */
export interface Scratch {
  /** The name of the scratch etcd. */
  beside: string;
  /** The scratch etcd's client URL. */
  etcd: string;
  label: string;
  /** Further arguments, by their names. */
  arguments?: Record<string, string>;
}

/** Arguments that would write beside the live API server's files, or reach for another etcd. */
const leftOut = /^--(audit-.*|etcd-servers-overrides)(=|$)/;
/** Their webhooks live in the cluster, which the scratch API server must not call (and can't reach). */
const webhooks = ["MutatingAdmissionWebhook", "ValidatingAdmissionWebhook"];

/** The scratch kube-apiserver: a live one's image and arguments, but that its etcd is the scratch one, in the same namespace. */
export function apiServerBody(live: Process, scratch: Scratch): string {
  const changed: Record<string, string> = {
    "etcd-servers": scratch.etcd,
    "bind-address": "127.0.0.1",
    "secure-port": "6443",
    // it writes itself into the endpoints of the Service kubernetes, though only into the scratch etcd's
    "endpoint-reconciler-type": "none",
    "disable-admission-plugins": webhooks.join(","),
    ...scratch.arguments,
  };
  const enabled = argument(live.entrypoint, "enable-admission-plugins");
  if (enabled !== undefined) {
    changed["enable-admission-plugins"] = enabled
      .split(",")
      .filter((plugin) => !webhooks.includes(plugin))
      .join(",");
  }
  const kept = live.entrypoint.filter(
    (arg) => !leftOut.test(arg) && !(/^--([^=]+)=/.exec(arg)?.[1] ?? "").match(namesOf(changed)),
  );
  return JSON.stringify({
    Image: live.image,
    Entrypoint: [...kept, ...Object.entries(changed).map(([name, value]) => `--${name}=${value}`)],
    Cmd: null,
    Env: live.env,
    Labels: { [scratch.label]: "1" },
    HostConfig: {
      ...lastInLine,
      NetworkMode: `container:${scratch.beside}`,
      Binds: live.binds.filter((bind) => !bind.startsWith("/var/log/")),
      VolumesFrom: live.volumesFrom.length > 0 ? live.volumesFrom : null,
    },
  });
}

const namesOf = (changed: Record<string, string>): RegExp => new RegExp(`^(${Object.keys(changed).join("|")})$`);
