import { type Argument, lastNamed } from "./configuration";
import type { Rules } from "./versions";

/**
 * A component's arguments: kubeadm's own sorted by name, without those that extraArgs name; extraArgs as they stand
 * (util/arguments.go ArgumentsToCommand; before 1.36 all sorted together).
 */
export function commandOf(program: string, own: Record<string, string>, given: Argument[], rules: Rules): string[] {
  const extraArgs = understood(given, rules);
  const base: Argument[] = Object.entries(own).map(([name, value]) => ({ name, value }));
  const merged = base.sort(byNameAndValue).flatMap((arg) => {
    const over = lastNamed(extraArgs, arg.name);
    return over === undefined ? [arg] : over.mergeMethod === undefined ? [] : [mergedWith(arg, over)];
  });
  const rest = extraArgs.filter((e) => e.mergeMethod === undefined);
  const all = rules.extraArgsLast ? [...merged, ...rest] : [...merged, ...rest].sort(byNameAndValue);
  return [program, ...all.map(({ name, value }) => `--${name}=${value}`)];
}

/** Before 1.37 kubeadm has no mergeMethod and passes over it: every argument replaces kubeadm's own. */
export const understood = (args: Argument[], rules: Rules): Argument[] =>
  rules.mergesArguments ? args : args.map(({ name, value }) => ({ name, value }));

/** argument.go MergeArgWithBase. */
export const mergedWith = ({ name, value }: Argument, over: Argument): Argument => {
  switch (over.mergeMethod) {
    case "append":
      return { name, value: value + over.value };
    case "prepend":
      return { name, value: over.value + value };
    case undefined:
      return { name, value: over.value };
    default:
      return over.mergeMethod satisfies never;
  }
};

const byNameAndValue = (a: Argument, b: Argument): number =>
  a.name === b.name ? compare(a.value, b.value) : compare(a.name, b.name);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
