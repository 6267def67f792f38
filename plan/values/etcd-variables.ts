/** Variables of the environment that etcd reads in place of flags (etcd's pkg/flags, FlagToEnv). */

/** Variables that begin with ETCD_ and stand for no flag (etcdmain/etcd.go checkSupportArch). */
const noFlags = /^ETCD_UNSUPPORTED_ARCH$/;

/** The flag that a variable stands for, as snapshot-count for ETCD_SNAPSHOT_COUNT=5000; undefined for others. */
export function flagOf(variable: string): string | undefined {
  const [, name] = /^ETCD_([A-Z0-9_]+)=/.exec(variable) ?? [];
  return name === undefined || noFlags.test(`ETCD_${name}`) ? undefined : name.toLowerCase().replaceAll("_", "-");
}

/** The variable's name for a flag, as ETCD_SNAPSHOT_COUNT for snapshot-count. */
export const variableOf = (flag: string): string => `ETCD_${flag.toUpperCase().replaceAll("-", "_")}`;

/** Name and value of an argument: "--metrics=basic", "-debug"; a flag without a value is set. Undefined for words that are no flags. */
export function flagAndValue(argument: string): { flag: string; value: string } | undefined {
  const [, flag, value = "true"] = /^--?([a-z][a-z0-9-]*)(?:=([\s\S]*))?$/.exec(argument) ?? [];
  return flag === undefined ? undefined : { flag, value };
}
