/** Fills a host's disk to its last block. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasDiskImage } from "../hosts/disk-image";
import { isOn, onHost } from "../hosts/host";
import { LabError, must, run } from "../machine/run";
import { hostDir, type Place } from "../state/place";

const BALLAST = "/var/lab-ballast";

const record = (place: Place, host: string): string => join(hostDir(place, host), "disk-full");

export const isFull = (place: Place, host: string): boolean => existsSync(record(place, host));

export async function fillDisk(place: Place, host: string): Promise<void> {
  if (!hasDiskImage(hostDir(place, host)))
    throw new LabError(
      `fill-disk: host ${host}'s disk must be a file system of its own, is a folder: the kernel gave no loop device ` +
        "for ext4 (CONFIG_BLK_DEV_LOOP, /dev/loop-control, mkfs.ext4)",
    );
  const command = onHost(place, host, ["bash", "-c", FILL, BALLAST]);
  writeFileSync(record(place, host), "");
  await run(command);
}

/** Reserves blocks without writing them: gigabytes first, then ever smaller pieces until not one block is left. */
const FILL = `
for ((bytes = 1 << 30; bytes >= 4096; bytes >>= 1)); do
  while touch "$0" && fallocate -o "$(stat -c %s "$0")" -l "$bytes" "$0" 2>/dev/null; do :; done
done`;

/** A disk of a host that is off stays full. */
export async function freeDisk(place: Place, host: string): Promise<void> {
  if (!isFull(place, host) || !isOn(place, host)) return;
  await must(onHost(place, host, ["rm", "-f", BALLAST]));
  rmSync(record(place, host));
}
