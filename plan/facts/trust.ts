/** What SSH from a deploy host to another host showed; `look/facts.sh` writes it. */

/**
 * True if SSH ran out of time, by its own limit or by the look's: the host is down, or too busy to answer. Of the keys and of what the host
 * lets in it shows nothing.
 */
export const ranOutOfTime = (result: string): boolean => /no answer within \d+ s$|timed out/.test(result);

/** True if SSH ended before a key was looked at (OpenSSH ssh.c, sshconnect.c). */
export const isUnreached = (result: string): boolean =>
  ranOutOfTime(result) || /Connection (refused|reset|closed)|No route to host|Network is unreachable/.test(result);
