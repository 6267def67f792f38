/**
 * A host's disk as a file system of its own, in a sparse file: only so can it be full while the machine's isn't. Only
 * the host mounts it, in its own mount namespace, so it goes when the host goes off. Docker's data lies outside, where
 * hosts share image layers.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { findProgram } from "../machine/packages";
import { must, run, until } from "../machine/run";

const image = (folder: string): string => join(folder, "disk.img");
/** Sparse: what isn't written takes no room on the machine. */
const size = (): string => process.env.LAB_DISK_SIZE ?? "4G";

/** Makes the empty file system; the host's first boot fills it from the host's folder, or does without it. */
export async function makeDiskImage(folder: string): Promise<void> {
  if (!findProgram("mkfs.ext4")) return;
  await must(["truncate", "-s", size(), image(folder)]);
  // No journal: a power cut of the host is no cut of the machine, which keeps what was written.
  const options = ["-O", "^has_journal", "-m", "0", "-E", "lazy_itable_init=1,nodiscard"];
  const made = await run(["mkfs.ext4", "-q", "-F", ...options, image(folder)]);
  if (made.code !== 0) rmSync(image(folder));
}

export const hasDiskImage = (folder: string): boolean => existsSync(image(folder));

/** Waits until the kernel has written a host's disk out and freed it, which it does after the host's end. */
export const unmounted = (folder: string): Promise<true> =>
  until(`host ${basename(folder)}: its disk's unmount`, 30, () => loopDevices(folder).length === 0 || undefined);

/** Loop devices whose file lies under `folder`: the kernel frees one when its last mount has gone. */
export function loopDevices(folder: string): string[] {
  if (!existsSync("/sys/block")) return [];
  return readdirSync("/sys/block").filter((name) => {
    try {
      return readFileSync(`/sys/block/${name}/loop/backing_file`, "utf8").startsWith(`${folder}/`);
    } catch {
      return false; // no loop device, or a free one
    }
  });
}
