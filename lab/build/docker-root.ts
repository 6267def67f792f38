/** A docker data root with the lab's images. */
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { say } from "../machine/progress";
import { must } from "../machine/run";
import { goldenRoot } from "./golden-root";
import { type ImageSources, imagesOf, makeRoot, type ReleaseImages } from "./images";

/** Makes what the cache lacks; returns the data root to copy. */
export async function goldenDockerRoot(cache: string, names: ReleaseImages, sources: ImageSources): Promise<string> {
  return goldenRoot(cache, {
    runtime: "docker",
    key: await rootKey(names, sources),
    makeImages: async (work) => {
      const jobs: string[] = [];
      for (const image of imagesOf(names)) {
        say(`making image ${image.name}`);
        const folder = join(work, basename(image.name).replace(":", "-"));
        await makeRoot(folder, image, sources);
        await must(["tar", "-C", folder, "--owner=0", "--group=0", "--sort=name", "-cf", `${folder}.tar`, "."]);
        rmSync(folder, { recursive: true });
        jobs.push(image.name, `${folder}.tar`, (image.changes ?? []).join("\n"));
      }
      return jobs;
    },
    script: join(__dirname, "golden.sh"),
    limitSeconds: 300,
  });
}

/** Hash of all that goes into the images, and of the docker that will read them. */
async function rootKey(names: ReleaseImages, sources: ImageSources): Promise<string> {
  const hash = createHash("sha256");
  hash.update((await must(["dockerd", "--version"])).stdout);
  for (const file of ["images.ts", "files.ts", "golden.sh"]) hash.update(readFileSync(join(__dirname, file)));
  hash.update(JSON.stringify(names));
  // The built programs' folders are named by their content's hash.
  hash.update([sources.kubernetes, sources.programs].map((path) => basename(path)).join(" "));
  for (const file of [...sources.etcd, sources.busybox]) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 12);
}
