/** The control groups of a lab's hosts and containers: `/rkelab-ID/HOST/…` in each hierarchy (v1), or in the one (v2). */
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = "/sys/fs/cgroup";

/** Folders named `path` in every mounted hierarchy. */
export function cgroupFolders(path: string): string[] {
  const roots = existsSync(join(ROOT, "cgroup.controllers"))
    ? [ROOT]
    : readdirSync(ROOT).map((name) => join(ROOT, name));
  return roots.map((root) => join(root, path)).filter((folder) => existsSync(folder));
}

/** Why a machine with these files has no usable control groups; nothing if it has. */
export function cgroupProblem(exists: (path: string) => boolean = existsSync): string | undefined {
  if (exists(join(ROOT, "cgroup.controllers"))) return undefined;
  const needed = ["cpu", "cpuset", "devices", "freezer", "memory", "pids"];
  const missing = needed.filter((name) => !exists(join(ROOT, name, "cgroup.procs")));
  if (missing.length === 0) return undefined;
  if (missing.length === needed.length)
    return `${ROOT}: must have control groups mounted, of version 2 (cgroup.controllers) or 1 (${needed.join(", ")}), has neither`;
  return `${ROOT}: must have all of version 1's control groups ${needed.join(", ")}, lacks ${missing.join(", ")}`;
}

/** Why hosts with control groups of their own can't be made on this machine; nothing if they can. */
export function ownCgroupsProblem(exists: (path: string) => boolean = existsSync): string | undefined {
  if (!exists(join(ROOT, "cgroup.controllers"))) return undefined;
  return `${ROOT}: must have control groups of version 1 for hosts with systemd, has version 2, on which such a host was never tried`;
}

/** Makes the groups `path` (of parts joined by /) in every hierarchy of version 1; returns their folders. */
export function makeCgroups(path: string): string[] {
  const roots = readdirSync(ROOT)
    .map((name) => join(ROOT, name))
    .filter((root) => !lstatSync(root).isSymbolicLink() && existsSync(join(root, "cgroup.procs")));
  const parts = path.split("/");
  return roots.map((root) => {
    parts.forEach((_, i) => {
      const folder = join(root, ...parts.slice(0, i + 1));
      mkdirSync(folder, { recursive: true });
      // a new group has no processor and no memory, and no process may enter it
      for (const file of ["cpuset.cpus", "cpuset.mems"].filter((name) => existsSync(join(folder, name))))
        writeFileSync(join(folder, file), readFileSync(join(root, file)));
    });
    return join(root, path);
  });
}

/** Removes the empty folders from the leaves up; returns those that still hold processes. */
export function removeCgroups(path: string): string[] {
  return cgroupFolders(path).flatMap(removeTree);
}

function removeTree(folder: string): string[] {
  const children = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const left = children.flatMap((entry) => removeTree(join(folder, entry.name)));
  try {
    rmdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") left.push(folder);
  }
  return left;
}
