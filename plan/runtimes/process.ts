/** A container as RKE plans it. Order inside lists carries no meaning to RKE; it compares them as sets. */
export interface Process {
  name: string;
  image: string;
  /** RKE puts the whole command of a hyperkube service here; etcd's stands in `cmd`. */
  entrypoint: string[];
  cmd: string[];
  env: string[];
  binds: string[];
  volumesFrom: string[];
  labels: Record<string, string>;
  /** UID:GID that the container runs as; absent: the image's own. */
  user?: string;
  /** The whole description that this process was planned from, in its runtime's own form; only that runtime reads it. */
  template?: unknown;
}

/** The whole command: RKE puts it into the entrypoint of some processes, into the arguments of others. */
export const commandOf = ({ entrypoint, cmd }: Pick<Process, "entrypoint" | "cmd">): string[] => [
  ...entrypoint,
  ...cmd,
];

/** The same process with its command changed, in the place where the process has its arguments. */
export const withCommand = (process: Process, change: (command: string[]) => string[]): Process =>
  process.cmd.length > 0
    ? { ...process, cmd: change(process.cmd) }
    : { ...process, entrypoint: change(process.entrypoint) };

/** The value of `--NAME=value` in a command; undefined if the argument is missing. */
export function argument(command: string[], argumentName: string): string | undefined {
  const prefix = `--${argumentName}=`;
  return command.find((arg) => arg.startsWith(prefix))?.slice(prefix.length);
}

/** The same command with one argument's value replaced. */
export function withArgument(command: string[], argumentName: string, value: string): string[] {
  const prefix = `--${argumentName}=`;
  return command.map((arg) => (arg.startsWith(prefix) ? `${prefix}${value}` : arg));
}

/** The same arguments in the order of their `--name=value` forms. */
export const sortedByName = (args: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(args).sort(([a], [b]) => (`${a}=` < `${b}=` ? -1 : 1)));

/** Arguments in `--name=value` form, extra ones replacing those of the same name. */
export function mergeArguments(args: Record<string, string>, extra: Record<string, string>): string[] {
  return Object.entries({ ...args, ...extra }).map(([key, value]) => `--${key}=${value}`);
}

/** Arguments, environment and binds in which two lists differ, as `- old` and `+ new` lines; empty if they agree. */
export function differences(before: string[], after: string[]): string[] {
  return [
    ...before.filter((entry) => !after.includes(entry)).map((entry) => `- ${entry}`),
    ...after.filter((entry) => !before.includes(entry)).map((entry) => `+ ${entry}`),
  ];
}
