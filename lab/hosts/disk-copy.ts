/** Copies of hosts' disks. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { must, run } from "../machine/run";
import { unmounted } from "./disk-image";
import { copyContainerd } from "./images";

/** What a host has while it is on alone, or only to read about it. */
const NOT_COPIED = ["keeper.stat", "off", "log", "disk-full"];

/**
 * Copies the disk of a host that is off, when the kernel has written it out. Image layers, which nothing writes to, are shared by hard links.
 * @param from the host's folder, or a copy of it
 */
export async function copyDisk(from: string, to: string): Promise<void> {
  await unmounted(from);
  mkdirSync(to, { recursive: true });
  const [docker, containerd] = ["docker", "containerd"].map((name) => existsSync(join(from, name)));
  const parts = readdirSync(from).filter((name) => ![...NOT_COPIED, "docker", "containerd"].includes(name));
  await must(["cp", "-a", "--sparse=always", "-t", to, ...parts.map((name) => join(from, name))]);
  if (docker) await copyDockerData(join(from, "docker"), join(to, "docker"));
  // the kubelet makes a container anew and never starts an old one again, so nothing writes to an old one's layer either
  if (containerd) await copyContainerd(join(from, "containerd"), join(to, "containerd"));
}

/** Docker names the layers of images in one folder of its records, those of containers, which are written to, in another. */
async function copyDockerData(from: string, to: string): Promise<void> {
  mkdirSync(join(to, "overlay2"), { recursive: true });
  const outside = readdirSync(from).filter((name) => name !== "overlay2");
  await must(["cp", "-a", "-t", to, ...outside.map((name) => join(from, name))]);
  const database = join(from, "image/overlay2/layerdb/sha256");
  const ofImages = new Set(
    existsSync(database)
      ? readdirSync(database).map((layer) => readFileSync(join(database, layer, "cache-id"), "utf8").trim())
      : [],
  );
  const layers = readdirSync(join(from, "overlay2"));
  const linked = layers.filter((name) => ofImages.has(name)).map((name) => join(from, "overlay2", name));
  const copied = layers.filter((name) => !ofImages.has(name)).map((name) => join(from, "overlay2", name));
  if (linked.length > 0 && (await run(["cp", "-al", "-t", join(to, "overlay2"), ...linked])).code !== 0)
    await must(["cp", "-a", "-t", join(to, "overlay2"), ...linked]);
  if (copied.length > 0) await must(["cp", "-a", "-t", join(to, "overlay2"), ...copied]);
}
