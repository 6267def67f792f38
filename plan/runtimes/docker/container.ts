import type { Running } from "../running";

/** Marks what this program started; RKE doesn't compare labels. */
export const epochLabel = "rke-dr.epoch";

/** A container as `docker inspect` gives it, as far as it is read here. */
export interface Container {
  Id: string;
  Name: string;
  State: { Status: string; StartedAt: string };
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

/**
 * Reads one line of `docker inspect --format '{{json .}}'`.
 * @throws SyntaxError if the line is cut
 */
export function readContainer(line: string): Running {
  const container = JSON.parse(line) as Container;
  const { Config, HostConfig, State } = container;
  const name = container.Name.replace(/^\//, "");
  const label = Config.Labels?.[epochLabel];
  return {
    name,
    status: State.Status,
    startedAt: State.StartedAt,
    restarts: container.RestartCount ?? 0,
    epoch: label === undefined ? undefined : Number(label),
    process: {
      name,
      image: Config.Image,
      entrypoint: Config.Entrypoint ?? [],
      cmd: Config.Cmd ?? [],
      env: Config.Env ?? [],
      binds: HostConfig.Binds ?? [],
      volumesFrom: (HostConfig.VolumesFrom as string[] | null) ?? [],
      labels: Config.Labels ?? {},
    },
    reported: container,
  };
}
