/** The bounds of a command on a host. */
export interface Bounds {
  /** After as many seconds the command gets SIGTERM. */
  seconds: number;
  /** After as many seconds more it gets SIGKILL. */
  killAfter: number;
  /** It leaves the processor to the host's own work. */
  yielding?: boolean;
}

/**
 * The command line of a bash on a host that reads its script from stdin. Every command that this program sends to a host is
 * written here: it ends by itself after its time limit, even if the operator's connection is cut.
 *
 * @param args the script's arguments, quoted here
 */
export const remoteBash = (args: (string | number)[], { seconds, killAfter, yielding }: Bounds): string =>
  [`timeout -k ${killAfter} ${seconds}`, ...(yielding ? ["nice -n 10"] : []), "bash -s --", ...args.map(quoted)].join(
    " ",
  );

const quoted = (value: string | number): string =>
  /^[\w@%+=:,./-]+$/.test(String(value)) ? String(value) : `'${String(value).replaceAll("'", `'\\''`)}'`;
