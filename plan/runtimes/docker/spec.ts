import type { Process } from "../process";
import type { SpecOptions } from "../runtime";
import { type Container, epochLabel } from "./container";

/**
 * The body of Docker's POST /containers/create for a process, as one line of JSON, the same for the same input.
 * A container on the host's network gets the host's name if the body names none, as RKE's have.
 */
export function createBody(process: Process, epoch: number, { base, once, isolated }: SpecOptions = {}): string {
  const replaced = base?.reported as Container | undefined;
  const config = Object.fromEntries(
    Object.entries(replaced?.Config ?? {}).filter(([key]) => key !== "Hostname" && key !== "Domainname"),
  );
  const body = {
    ...config,
    Image: process.image,
    Entrypoint: process.entrypoint.length > 0 ? process.entrypoint : null,
    Cmd: process.cmd.length > 0 ? process.cmd : null,
    Env: process.env,
    Labels: { ...process.labels, [epochLabel]: String(epoch) },
    ...(process.user === undefined ? {} : { User: process.user }),
    HostConfig: {
      ...(replaced?.HostConfig ?? { NetworkMode: "host" }),
      Binds: process.binds,
      VolumesFrom: process.volumesFrom.length > 0 ? process.volumesFrom : null,
      RestartPolicy: { Name: once ? "no" : "always", MaximumRetryCount: 0 },
      ...(isolated ? { NetworkMode: "none" } : {}),
    },
  };
  return JSON.stringify(body, sortedKeys);
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
