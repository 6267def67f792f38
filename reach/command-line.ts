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
 * Precedes a command line on a host whose SSH user isn't root. `-n`: a sudo that wants a password fails at once. `-k`: a password that
 * somebody has typed there a moment ago doesn't count, or sudo would refuse in the middle of an act, when it has expired.
 */
const sudo = (user: string): string => (user === "root" ? "" : "sudo -n -k ");

/**
 * The beginning of the command line of root's bash on a host that reads its script from stdin; the script's arguments follow. Every
 * command line that this program sends to a host is written in this file; a loop on a host that goes on to other hosts gets it with its
 * data. `timeout` runs as root, too: the user's own couldn't end root's process (docs/decisions/25-sudo.md).
 *
 * @param user SSH's user on that host
 */
export const bashLine = (user: string, { seconds, killAfter, yielding }: Bounds): string =>
  [`${sudo(user)}timeout -k ${killAfter} ${seconds}`, ...(yielding ? ["nice -n 10"] : []), "bash -s --"].join(" ");

/**
 * A whole such line. The command ends by itself after its time limit, even if the operator's connection is cut. Processes and sudo's log
 * show `args`: nothing secret may be among them.
 *
 * @param args the script's arguments, quoted here
 */
export const remoteBash = (user: string, args: (string | number)[], bounds: Bounds): string =>
  [bashLine(user, bounds), ...args.map(quoted)].join(" ");

/** The beginning of the command line of a short command that root's sh gets as one argument; empty if the login shell is root's already. */
export const shellLine = (user: string): string => (user === "root" ? "" : `${sudo(user)}sh -c`);

/** A short command for a host's shell, run by root. */
export const remoteShell = (user: string, command: string): string =>
  user === "root" ? command : `${shellLine(user)} ${quoted(command)}`;

const quoted = (value: string | number): string =>
  /^[\w@%+=:,./-]+$/.test(String(value)) ? String(value) : `'${String(value).replaceAll("'", `'\\''`)}'`;
