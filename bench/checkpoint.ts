/** Disks as they were once: a benchmark measures the same disaster several times. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loopDevices } from "../lab/hosts/disk-image";
import { must, until } from "../lab/machine/run";
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

/** Image layers are never written to, so copies share them by hard links; containers' own layers are copied. */
async function copyDisk(from: string, to: string): Promise<void> {
  // the kernel writes it out and frees it after the host's end
  await until(`${from}: its disk's unmount`, 30, () => loopDevices(from).length === 0);
  mkdirSync(to, { recursive: true });
  const entries = (folder: string, but: string[]) =>
    readdirSync(folder)
      .filter((name) => !but.includes(name))
      .map((name) => join(folder, name));
  await must(["cp", "-a", "--sparse=always", "-t", to, ...entries(from, ["docker", "keeper.stat"])]);
  const docker = join(to, "docker");
  mkdirSync(docker, { mode: 0o710 });
  await must(["cp", "-a", "-t", docker, ...entries(join(from, "docker"), ["overlay2"])]);
  await must(["cp", "-al", join(from, "docker/overlay2"), docker]);
  for (const layer of writableLayers(join(from, "docker"))) {
    await must(["rm", "-rf", join(docker, "overlay2", layer)]);
    await must(["cp", "-a", "-t", join(docker, "overlay2"), join(from, "docker/overlay2", layer)]);
  }
}

/** Docker's own record of each container's layer. */
function writableLayers(docker: string): string[] {
  const mounts = join(docker, "image/overlay2/layerdb/mounts");
  if (!existsSync(mounts)) return [];
  return readdirSync(mounts).flatMap((container) =>
    ["mount-id", "init-id"].map((name) => readFileSync(join(mounts, container, name), "utf8").trim()),
  );
}
