/** A containerd root with the cluster's images imported, made once and then copied to each host. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { say, sayWhile } from "../machine/progress";
import { must } from "../machine/run";
import { keepNewest } from "./cache";
import { type KubeadmImageSources, SHELL_IMAGE, writeArchive } from "./kubeadm-images";

/** Makes what the cache lacks; returns the root to copy. @param images names as kubeadm prints them */
export async function goldenContainerdRoot(
  cache: string,
  images: string[],
  sources: KubeadmImageSources,
): Promise<string> {
  const all = [...images, SHELL_IMAGE];
  const key = await rootKey(all, sources);
  const root = join(cache, "containerd", key);
  if (existsSync(root)) {
    keepNewest(join(cache, "containerd"), "", key);
    return root;
  }
  const work = `${root}.new`;
  await must(["rm", "-rf", "--one-file-system", work]);
  mkdirSync(work, { recursive: true, mode: 0o700 });
  say(`making images ${all.join(", ")}`);
  const archive = await sayWhile("making the images", () => writeArchive(work, all, sources));
  say("importing the images into containerd");
  const script = ["bash", join(__dirname, "golden-containerd.sh"), join(work, "data"), archive];
  await sayWhile("importing the images", () =>
    must(["unshare", "-m", "-p", "-n", "--mount-proc", "--fork", "--kill-child=KILL", ...script], {
      timeoutSeconds: 600,
    }),
  );
  renameSync(join(work, "data"), root);
  await must(["rm", "-rf", "--one-file-system", work]);
  return root;
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
