import { argument, commandOf, type Process } from "../runtimes/process";
import { flagOf } from "../values/etcd-variables";

/** The parts of a process that etcd's settings stand in. */
type Settings = Pick<Process, "entrypoint" | "cmd" | "env">;

/** A setting of an etcd: its argument's value, else its variable's; etcd ignores a variable without a value. */
export const settingOf = ({ env, ...process }: Settings, flag: string): string | undefined =>
  argument(commandOf(process), flag) ??
  (env
    .filter((variable) => flagOf(variable) === flag)
    .at(-1)
    ?.replace(/^[^=]*=/, "") ||
    undefined);

/**
 * The process without the variables whose flags stand in its command. etcd ends at once, "conflicting environment variable is shadowed", if a
 * setting is given both ways, even with the same value (pkg/flags verifyEnv; 3.4.23, 3.6.16).
 */
export function withoutShadowed<P extends Settings>(process: P): P {
  const flags = new Set(commandOf(process).map((arg) => arg.replace(/^--?/, "").replace(/=.*$/s, "")));
  return { ...process, env: process.env.filter((variable) => !flags.has(flagOf(variable) ?? "")) };
}
