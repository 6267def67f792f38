import type { Process } from "../process";

/** A container as `docker inspect` gives it, as far as it is read here. */
export interface Container {
  Id: string;
  Name: string;
  State: { Status: string; StartedAt: string };
  /** How often docker has restarted it since somebody last started it. */
  RestartCount?: number;
  Config: Record<string, unknown> & {
    Image: string;
    Entrypoint: string[] | null;
    Cmd: string[] | null;
    Env: string[] | null;
    Labels: Record<string, string> | null;
  };
  HostConfig: Record<string, unknown> & { Binds: string[] | null };
}

/** A container's whole command: RKE's stands in Entrypoint for some processes, in Cmd for others. */
export const commandOf = (container: Container): string[] => [
  ...(container.Config.Entrypoint ?? []),
  ...(container.Config.Cmd ?? []),
];

/** A running or stopped container in the shape of a plan. */
export function processOf(container: Container): Process {
  return {
    name: container.Name.replace(/^\//, ""),
    image: container.Config.Image,
    entrypoint: container.Config.Entrypoint ?? [],
    cmd: container.Config.Cmd ?? [],
    env: container.Config.Env ?? [],
    binds: container.HostConfig.Binds ?? [],
    volumesFrom: (container.HostConfig.VolumesFrom as string[] | null) ?? [],
    labels: container.Config.Labels ?? {},
  };
}
