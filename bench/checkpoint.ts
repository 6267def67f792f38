/** Disks as they were once: a benchmark measures the same disaster several times. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { copyDisk } from "../lab/hosts/disk-copy";
import { must } from "../lab/machine/run";
import { hostDir, type Place } from "../lab/state/place";

/** Beside the lab's folder, which must be empty when the lab is down. */
const folderOf = (place: Place): string => `${place.dir}-checkpoint`;
const kept = (place: Place, host: string): string => join(folderOf(place), host);

export const forgetDisks = async (place: Place): Promise<void> => {
  await must(["rm", "-rf", "--one-file-system", folderOf(place)]);
};

/** Copies the disk of a host that is off. */
export async function keepDisk(place: Place, host: string): Promise<void> {
  mkdirSync(folderOf(place), { recursive: true });
  await must(["rm", "-rf", "--one-file-system", kept(place, host)]);
  await copyDisk(hostDir(place, host), kept(place, host));
}

/** Gives a host that is off the disk that was kept. */
export async function restoreDisk(place: Place, host: string): Promise<void> {
  const folder = hostDir(place, host);
  await must(["rm", "-rf", "--one-file-system", folder]);
  await copyDisk(kept(place, host), folder);
}
