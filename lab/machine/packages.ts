/** Debian packages that the lab needs, asked for by the programs they bring: a machine may have those from elsewhere. */
import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { say, sayWhile } from "./progress";
import { LabError, must, run } from "./run";

/** Program to the Debian package that has it. */
const NEEDED: Record<string, string> = {
  dockerd: "docker.io",
  docker: "docker.io",
  runc: "runc",
  containerd: "containerd",
  etcd: "etcd-server",
  etcdctl: "etcd-client",
  busybox: "busybox-static",
  sshd: "openssh-server",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
  ip: "iproute2",
  nft: "nftables",
  curl: "curl",
  ps: "procps",
  unshare: "util-linux",
  nsenter: "util-linux",
  flock: "util-linux",
  sudo: "sudo",
  git: "git",
  tar: "tar",
};

/** Folders where system programs lie, also where they are not on the caller's PATH. */
export const SYSTEM_PATH = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

export function findProgram(name: string, folders: string[] = SYSTEM_PATH): string | undefined {
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** @param needed program to package */
export function missingPackages(has: (program: string) => boolean, needed = NEEDED): string[] {
  const missing = Object.entries(needed).filter(([program]) => !has(program));
  return [...new Set(missing.map(([, name]) => name))];
}

/**
 * Installs what is missing, saying what first; starts none of the services that come with it.
 * @param needed program to package; left out: what every lab needs
 * @param folders where the programs may lie
 * @throws LabError where a program is missing and can't be installed
 */
export async function installPackages(needed = NEEDED, folders = SYSTEM_PATH): Promise<void> {
  const isThere = (program: string) => findProgram(program, folders) !== undefined;
  let missing = missingPackages(isThere, needed);
  if (missing.length === 0) return;
  if (!findProgram("apt-get"))
    throw new LabError(
      `programs: must be there, or apt-get to install them, lacks those of the packages ${missing.join(", ")}`,
    );
  // Newer Debians split docker's client from its daemon.
  if (missing.includes("docker.io") && (await run(["apt-cache", "show", "docker-cli"])).code === 0)
    missing = [...missing, "docker-cli"];
  say(`installing Debian packages: ${missing.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const apt = (...args: string[]) => must(["apt-get", "-y", "-q", ...args], { env });
  await sayWhile("installing packages", () =>
    withoutServices(async () => {
      await apt("update");
      await apt("install", "--no-install-recommends", ...missing);
    }),
  );
  const still = missingPackages(isThere, needed);
  if (still.length > 0)
    throw new LabError(`packages ${still.join(", ")}: must bring their programs, were installed and don't`);
}

const POLICY = "/usr/sbin/policy-rc.d";
const POLICY_TEXT =
  "#!/bin/sh\n# put here by the lab of rke-dr while it installs packages: start no service\nexit 101\n";

/** Debian asks this file whether a package may start its services. One that is there already is left alone. */
async function withoutServices(work: () => Promise<void>): Promise<void> {
  const foreign = existsSync(POLICY) && readFileSync(POLICY, "utf8") !== POLICY_TEXT;
  if (!foreign) writeFileSync(POLICY, POLICY_TEXT, { mode: 0o755 });
  try {
    await work();
  } finally {
    if (!foreign) rmSync(POLICY, { force: true });
  }
}
