/** A docker data root with the lab's images imported, made once and then copied to each host. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { say, sayWhile } from "../machine/progress";
import { must } from "../machine/run";
import { keepNewest } from "./cache";
import { type ImageSources, images, makeRoot } from "./images";

/** Makes what the cache lacks; returns the data root to copy. */
export async function goldenDockerRoot(cache: string, sources: ImageSources): Promise<string> {
  const key = await rootKey(sources);
  const root = join(cache, "docker", key);
  if (existsSync(root)) {
    keepNewest(join(cache, "docker"), "", key);
    return root;
  }
  const work = `${root}.new`;
  await must(["rm", "-rf", "--one-file-system", work]);
  mkdirSync(work, { recursive: true, mode: 0o700 });
  const jobs: string[] = [];
  for (const image of images) {
    say(`making image ${image.name}`);
    const folder = join(work, basename(image.name).replace(":", "-"));
    await makeRoot(folder, image, sources);
    await must(["tar", "-C", folder, "--owner=0", "--group=0", "--sort=name", "-cf", `${folder}.tar`, "."]);
    rmSync(folder, { recursive: true });
    jobs.push(image.name, `${folder}.tar`, (image.changes ?? []).join("\n"));
  }
  say("importing the images into docker");
  const script = ["bash", join(__dirname, "golden.sh"), join(work, "data"), ...jobs];
  await sayWhile("importing the images", () =>
    must(["unshare", "-m", "-p", "-n", "--mount-proc", "--fork", "--kill-child=KILL", ...script], {
      timeoutSeconds: 300,
    }),
  );
  renameSync(join(work, "data"), root);
  await must(["rm", "-rf", "--one-file-system", work]);
  return root;
}

/** Hash of all that goes into the images, and of the docker that will read them. */
async function rootKey(sources: ImageSources): Promise<string> {
  const hash = createHash("sha256");
  hash.update((await must(["dockerd", "--version"])).stdout);
  for (const file of ["images.ts", "files.ts", "golden.sh"]) hash.update(readFileSync(join(__dirname, file)));
  // The built programs' folders are named by their content's hash.
  hash.update([sources.kubernetes, sources.programs].map((path) => basename(path)).join(" "));
  for (const file of [...sources.etcd, sources.busybox]) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 12);
}
