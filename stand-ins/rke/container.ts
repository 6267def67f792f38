/** From a process to docker's create request, and the question whether a running container still equals it. */
import type { ContainerInspect, ContainerRequest } from "./io/world";
import type { Process } from "./plan/process";

export function containerRequest(process: Process): ContainerRequest {
  return {
    Image: process.image,
    Entrypoint: process.command ?? null,
    Cmd: process.args ?? null,
    Env: process.env ?? null,
    Labels: process.labels,
    HostConfig: {
      Binds: process.binds ?? null,
      VolumesFrom: process.volumesFrom ?? null,
      NetworkMode: process.networkMode,
      PidMode: process.pidMode ?? "",
      Privileged: process.privileged ?? false,
      RestartPolicy: { Name: process.restartPolicy ?? "", MaximumRetryCount: 0 },
    },
  };
}

type Texts = string[] | null | undefined;

/** As sets: RKE ignores order and repetition. */
function sameSet(left: Texts, right: Texts): boolean {
  const a = new Set(left ?? []);
  const b = new Set(right ?? []);
  return a.size === b.size && [...a].every((each) => b.has(each));
}

/** Docker adds label=disable to privileged containers by itself. */
function sameSecurity(running: Texts): boolean {
  return (running ?? []).every((each) => each === "label=disable");
}

/** The differences that RKE finds, by name; empty if it would leave the container alone. `imageEnv`: the image's own variables. */
export function differences(running: ContainerInspect, wanted: ContainerRequest, imageEnv: Texts): string[] {
  const same: [string, boolean][] = [
    ["image", running.Config.Image === wanted.Image],
    ["entrypoint", sameSet(running.Config.Entrypoint, wanted.Entrypoint)],
    ["command", sameSet(running.Config.Cmd, wanted.Cmd)],
    ["environment", sameSet(running.Config.Env, [...(wanted.Env ?? []), ...(imageEnv ?? [])])],
    ["binds", sameSet(running.HostConfig.Binds, wanted.HostConfig.Binds)],
    ["security options", sameSecurity(running.HostConfig.SecurityOpt)],
  ];
  return same.filter(([, equal]) => !equal).map(([what]) => what);
}
