/** Everything that an RKE cluster's hosts need on the machine before one can start: checked first, then installed and built. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { cgroupProblem } from "../machine/cgroups";
import { withLock } from "../machine/lock";
import { findProgram, installPackages } from "../machine/packages";
import { LabError, must, run } from "../machine/run";
import { goldenDockerRoot } from "./docker-root";
import { goBuild } from "./go-build";
import type { ReleaseImages } from "./images";
import { DEBIAN_ETCD, etcdBuild, imagePrograms, kubernetes } from "./programs";
import { releaseImages, USUAL_KUBERNETES } from "./releases";

export interface Toolchain {
  /** Docker data root with the images. */
  dockerRoot: string;
  /** Folder of kube-apiserver and the like, kubectl among them. */
  kubernetesFolder: string;
  /** kubectl of the control plane's version. */
  kubectl: string;
}

interface Machine {
  platform: string;
  uid: number;
  goPath: string | undefined;
  cgroups: string | undefined;
}

/** All reasons why no lab can run here; empty if one can. */
export function machineProblems(machine: Machine): string[] {
  const problems: string[] = [];
  if (machine.platform !== "linux") problems.push(`machine: must run Linux, runs ${machine.platform}`);
  if (machine.uid !== 0) problems.push(`user: must be root (the lab makes namespaces), is uid ${machine.uid}`);
  if (!machine.goPath)
    problems.push("go: must be on PATH (the lab builds Kubernetes and its images' programs), is missing");
  if (machine.cgroups) problems.push(machine.cgroups);
  return problems;
}

/** Why this docker can't serve, from what `dockerd --version` says; nothing if it can. */
export function dockerProblem(said: string): string | undefined {
  const [, version, major, minor] = /version ((\d+)\.(\d+)[^ ,]*)/.exec(said) ?? [];
  const number = Number(major) * 100 + Number(minor);
  if (number >= 2010 && Number(major) < 29) return undefined;
  const why = "older ones lack the lab's options, newer ones Docker API 1.24, which RKE v1.2.7 speaks";
  return `docker: must be 20.10 to 28 (${why}), is ${version ?? `"${said.trim()}"`}`;
}

export function thisMachine(): Machine {
  const linux = process.platform === "linux";
  const folders = (process.env.PATH ?? "").split(":").filter(Boolean);
  return {
    platform: process.platform,
    uid: process.getuid?.() ?? -1,
    goPath: findProgram("go", [...folders, "/usr/local/go/bin", "/usr/lib/go/bin"]),
    cgroups: linux ? cgroupProblem() : undefined,
  };
}

/**
 * @param etcd one of ETCD_VERSIONS
 * @param names the names that the images get
 */
export const prepare = (
  cache: string,
  etcd = DEBIAN_ETCD,
  names: ReleaseImages = releaseImages(USUAL_KUBERNETES),
): Promise<Toolchain> =>
  inCache(cache, machineProblems(thisMachine()), async () => {
    const docker = dockerProblem((await must(["dockerd", "--version"])).stdout);
    if (docker) throw new LabError(docker);
    const kubernetesPrograms = await goBuild(cache, kubernetes);
    const dockerRoot = await goldenDockerRoot(cache, names, {
      kubernetes: kubernetesPrograms,
      programs: await goBuild(cache, imagePrograms),
      etcd: await etcdPrograms(cache, etcd),
      busybox: program("busybox"),
    });
    return { dockerRoot, kubernetesFolder: kubernetesPrograms, kubectl: join(kubernetesPrograms, "kubectl") };
  });

async function etcdPrograms(cache: string, version: string): Promise<string[]> {
  if (version === DEBIAN_ETCD) return [program("etcd"), program("etcdctl")];
  const build = etcdBuild(version);
  const folder = await goBuild(cache, build);
  return Object.keys(build.programs).map((name) => join(folder, name));
}

/** Checks what every lab needs, then runs `work` alone in the cache of builds. */
export async function inCache<T>(cache: string, problems: string[], work: () => Promise<T>): Promise<T> {
  if (problems.length > 0) throw new LabError(problems.join("\n"));
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  return withLock(cache, "the cache of builds", 3600, async () => {
    await installPackages();
    await checkNamespaces();
    return work();
  });
}

/** A container without the right to make namespaces is root, too. */
async function checkNamespaces(): Promise<void> {
  const tried = await run(["unshare", "-m", "-u", "-p", "-n", "--fork", "--mount-proc", "true"]);
  if (tried.code !== 0)
    throw new LabError(`namespaces: this user must be able to make them, unshare says "${tried.stderr.trim()}"`);
  if (!existsSync("/proc/self/ns/net"))
    throw new LabError("namespaces: the kernel must have them, has no /proc/self/ns/net");
}

export function program(name: string): string {
  const path = findProgram(name);
  if (!path) throw new LabError(`${name}: must be installed, is missing`);
  return path;
}
