/** What hosts whose etcd is a unit need on the machine: systemd, openssl, and etcd's programs. */
import { join } from "node:path";
import { ownCgroupsProblem } from "../machine/cgroups";
import { installPackages } from "../machine/packages";
import { goBuild } from "./go-build";
import { DEBIAN_ETCD, etcd36, etcdBuild } from "./programs";
import { inCache, machineProblems, program, thisMachine } from "./toolchain";

/** Program to the Debian package that has it. */
export const NEEDED: Record<string, string> = { systemctl: "systemd", openssl: "openssl", cron: "cron" };

/** etcd 3.6, which is no version of RKE's images. */
export const ETCD36 = "3.6";

/** Paths on a host to etcd's programs. @param version one of ETCD_VERSIONS, or ETCD36 */
export const etcdOnHost = (cache: string, version: string): Promise<Record<string, string>> =>
  inCache(cache, [...machineProblems(thisMachine()), ownCgroupsProblem() ?? []].flat(), async () => {
    await installPackages(NEEDED);
    if (version === DEBIAN_ETCD)
      return Object.fromEntries(["etcd", "etcdctl"].map((name) => [`/usr/local/bin/${name}`, program(name)]));
    const build = version === ETCD36 ? etcd36 : etcdBuild(version);
    const folder = await goBuild(cache, build);
    return Object.fromEntries(
      Object.keys(build.programs).map((name) => [`/usr/local/bin/${name}`, join(folder, name)]),
    );
  });
