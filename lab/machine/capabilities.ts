/** Capabilities that this machine can't give: containers that ask for all (`--privileged`) would not start. */
import { readFileSync } from "node:fs";

const NAMES = (
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE " +
  "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN " +
  "SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE " +
  "MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
).split(" ");

/** Names (CAP_X) of capabilities that the bounding set in /proc/PID/status lacks. */
export function missingCapabilities(status: string): string[] {
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (!bounding) return [];
  const bits = BigInt(`0x${bounding}`);
  return NAMES.filter((_, bit) => (bits & (1n << BigInt(bit))) === 0n).map((name) => `CAP_${name}`);
}

export const missingHere = (): string[] => missingCapabilities(readFileSync("/proc/self/status", "utf8"));

/**
 * A `runc` to stand before the real one on a host's PATH, which takes these names out of what docker asks for; nothing
 * where none is missing. Docker hands over whole bundles (create, run) or one process's description (exec).
 */
export function runcWithin(missing: string[], runc: string): string | undefined {
  if (missing.length === 0) return undefined;
  const edits = missing.map((name) => `s/,"${name}"//g; s/"${name}",//g; s/"${name}"//g`).join("; ");
  return [
    "#!/bin/bash",
    `# This machine's bounding set lacks ${missing.join(", ")}: containers are started without.`,
    "previous=",
    'for argument in "$@"; do',
    '  case "$previous" in',
    '    --bundle) file="$argument/config.json" ;;',
    '    --process) file="$argument" ;;',
    "    *) file= ;;",
    "  esac",
    `  if [ -n "$file" ] && [ -f "$file" ]; then sed -i '${edits}' "$file"; fi`,
    '  previous="$argument"',
    "done",
    `exec ${runc} "$@"`,
    "",
  ].join("\n");
}
