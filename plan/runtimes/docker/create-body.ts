import type { Process } from "../process";
import type { Container } from "./container";

/** Marks what this program started; RKE doesn't compare labels. */
export const epochLabel = "rke-dr.epoch";

/**
 * The body of Docker's POST /containers/create for a process, one line of JSON, the same for the same input.
 *
 * @param base the container that the process replaces: all that the process doesn't say stays as it was there
 * @param host settings of Docker's HostConfig that are other ones than there
 */
export function createBody(
  process: Process,
  epoch: number,
  base: Container | undefined,
  restart: "always" | "no" = "always",
  host: Record<string, unknown> = {},
): string {
  // left out, the container on the host's network gets the host's name, as RKE's have
  const config = Object.fromEntries(
    Object.entries(base?.Config ?? {}).filter(([key]) => key !== "Hostname" && key !== "Domainname"),
  );
  const body = {
    ...config,
    Image: process.image,
    Entrypoint: process.entrypoint.length > 0 ? process.entrypoint : null,
    Cmd: process.cmd.length > 0 ? process.cmd : null,
    Env: process.env,
    Labels: { ...process.labels, [epochLabel]: String(epoch) },
    HostConfig: {
      ...(base?.HostConfig ?? { NetworkMode: "host" }),
      Binds: process.binds,
      VolumesFrom: process.volumesFrom.length > 0 ? process.volumesFrom : null,
      RestartPolicy: { Name: restart, MaximumRetryCount: 0 },
      ...host,
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
