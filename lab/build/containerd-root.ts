/** A containerd root with the cluster's images. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { say, sayWhile } from "../machine/progress";
import { must } from "../machine/run";
import { goldenRoot } from "./golden-root";
import { type KubeadmImageSources, SHELL_IMAGE, writeArchive } from "./kubeadm-images";

/** Makes what the cache lacks; returns the root to copy. @param images names as kubeadm prints them */
export async function goldenContainerdRoot(
  cache: string,
  images: string[],
  sources: KubeadmImageSources,
): Promise<string> {
  const all = [...images, SHELL_IMAGE];
  return goldenRoot(cache, {
    runtime: "containerd",
    key: await rootKey(all, sources),
    makeImages: async (work) => {
      say(`making images ${all.join(", ")}`);
      return [await sayWhile("making the images", () => writeArchive(work, all, sources))];
    },
    script: join(__dirname, "golden-containerd.sh"),
    limitSeconds: 600,
  });
}

/** Hash of all that goes into the images, and of the containerd that will read them. */
async function rootKey(images: string[], sources: KubeadmImageSources): Promise<string> {
  const hash = createHash("sha256");
  hash.update((await must(["containerd", "--version"])).stdout);
  for (const file of ["kubeadm-images.ts", "files.ts", "golden-containerd.sh"])
    hash.update(readFileSync(join(__dirname, file)));
  // The built programs' folders are named by their content's hash.
  hash.update([sources.kubernetes, sources.etcd, sources.pause].map((path) => basename(path)).join(" "));
  hash.update(images.join(" ")).update(readFileSync(sources.busybox));
  return hash.digest("hex").slice(0, 12);
}
