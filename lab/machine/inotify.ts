/** The kernel's limit of inotify instances, which all of root's processes on this machine share: those of every lab's hosts, too. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

const SETTING = "fs.inotify.max_user_instances";
const LIMIT = "/proc/sys/fs/inotify/max_user_instances";

/** Counted on hosts of a kubeadm cluster v1.36.3: kubelet 7, systemd 5, containerd and dbus 1 each; kube-controller-manager 7, kube-apiserver 6. */
const EACH = { host: 14, controlPlane: 13 };

/** Instances that hosts with systemd and a kubelet take. */
export const instancesOf = (hosts: number, controlPlanes: number): number =>
  hosts * EACH.host + controlPlanes * EACH.controlPlane;

/** Why such hosts can't all be made on this machine now; nothing if they can. Without room kubelet and containerd end with "too many open files". */
export function inotifyProblem(
  wanted: number,
  limit = Number(readFileSync(LIMIT, "utf8")),
  used = instancesInUse(),
): string | undefined {
  return used + wanted <= limit
    ? undefined
    : `${SETTING}: must have room for the ${wanted} instances of the lab's hosts, is ${limit}, of which ${used} are in use: take other labs down, or \`sysctl -w ${SETTING}=1024\``;
}

/** All of this machine's. */
function instancesInUse(): number {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.reduce((sum, pid) => sum + opened(join("/proc", pid, "fd")), 0);
}

/** A process may end meanwhile. */
function opened(folder: string): number {
  try {
    return readdirSync(folder).filter((name) => linkOf(join(folder, name)) === "anon_inode:inotify").length;
  } catch {
    return 0;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
