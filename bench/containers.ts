/** A container as `docker inspect` gives it, as far as the benchmark makes others of it. */
export interface Container {
  Config: {
    Image: string;
    Cmd: string[];
    Entrypoint: string[] | null;
    Env: string[];
    Labels: Record<string, string>;
  };
  HostConfig: Record<string, unknown> & { Binds: string[] };
}

/** A command with some arguments' values replaced. */
export function changed(command: readonly string[], values: Record<string, string>): string[] {
  return command.map((arg) => {
    const value = values[arg.slice(2).split("=")[0] ?? ""];
    return value === undefined ? arg : `${arg.split("=")[0]}=${value}`;
  });
}
