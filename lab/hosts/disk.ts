/** A host's disk as it leaves the factory: identity, SSH, the runtime's data, and the installer's own files. */
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { must } from "../machine/run";
import type { Login } from "../state/topology";
import { makeDiskImage } from "./disk-image";

/** Files that an installer's hosts have, and others don't. */
export interface Installed {
  /** Path on the host to a file of the machine. */
  programs: Record<string, string>;
  /** Path on the host to content; executable. */
  scripts: Record<string, string>;
  /** Path on the host to content. */
  texts: Record<string, string>;
  /** Copies the runtime's data with the images into the host's folder. */
  copyImages(folder: string): Promise<void>;
}

export interface DiskOptions {
  /** The host's folder in LAB_DIR. */
  folder: string;
  name: string;
  login: Login;
  /** Further lines of /etc/hosts. */
  names: string;
  /** Public key of the user who may log in. */
  authorizedKey: string;
  installed: Installed;
}

export async function makeDisk(options: DiskOptions): Promise<void> {
  const upper = join(options.folder, "upper");
  for (const folder of ["log", "root", "work"]) mkdirSync(join(options.folder, folder), { recursive: true });
  await makeDiskImage(options.folder);
  const text = (path: string, content: string, mode = 0o644) => write(join(upper, path), content, mode);
  text("/etc/hostname", `${options.name}.rke-lab\n`);
  text("/etc/hosts", `127.0.0.1\tlocalhost\n127.0.1.1\t${options.name}.rke-lab\n${options.names}`);
  text("/etc/resolv.conf", "# no name server: the lab has no way outside\n");
  text("/etc/machine-id", `${createHash("md5").update(options.folder).digest("hex")}\n`, 0o444);
  text("/etc/ssh/sshd_config", sshdConfig(options.login));
  // init.sh makes the user at the first boot
  if (options.login.user !== "root") text("/etc/rke-lab-user", `${options.login.user} ${options.authorizedKey}\n`);
  else write(join(options.folder, "root/.ssh/authorized_keys"), `${options.authorizedKey}\n`, 0o600);
  mkdirSync(join(options.folder, "root/.ssh"), { recursive: true });
  chmodSync(join(options.folder, "root"), 0o700);
  chmodSync(join(options.folder, "root/.ssh"), 0o700);
  const hostKey = join(upper, "etc/ssh/ssh_host_ed25519_key");
  if (!existsSync(hostKey))
    await must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", options.name, "-f", hostKey]);
  const { scripts, texts, programs, copyImages } = options.installed;
  for (const [path, content] of Object.entries(scripts)) text(path, content, 0o755);
  for (const [path, content] of Object.entries(texts)) text(path, content);
  for (const [path, source] of Object.entries(programs)) {
    mkdirSync(dirname(join(upper, path)), { recursive: true });
    copyFileSync(source, join(upper, path));
    chmodSync(join(upper, path), 0o755);
  }
  await copyImages(options.folder);
}

/** The host's key as a topology's `hostKey` has it: type and key, no comment. */
export function hostKeyOf(folder: string): string {
  const line = readFileSync(join(folder, "upper/etc/ssh/ssh_host_ed25519_key.pub"), "utf8");
  return line.trim().split(/\s+/).slice(0, 2).join(" ");
}

function write(path: string, content: string, mode: number): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  chmodSync(path, mode);
}

export function sshdConfig({ user, port }: Login): string {
  return [
    `Port ${port}`,
    "HostKey /etc/ssh/ssh_host_ed25519_key",
    "PidFile /run/sshd.pid",
    `PermitRootLogin ${user === "root" ? "prohibit-password" : "no"}`,
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "UsePAM no",
    "UseDNS no",
    "AllowTcpForwarding yes",
    "AllowStreamLocalForwarding yes",
    // RKE opens a session per container and host at once.
    "MaxSessions 200",
    "MaxStartups 200:30:400",
    "SetEnv PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "Subsystem sftp internal-sftp",
    "",
  ].join("\n");
}
