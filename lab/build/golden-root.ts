/** The data folder of a container runtime with a lab's images imported, made once and then copied to each host. */
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { say, sayWhile } from "../machine/progress";
import { must } from "../machine/run";
import { keepNewest } from "./cache";

/** The making of such a folder. */
export interface Making {
  /** The runtime, as messages call it and as its folder in the cache is called. */
  runtime: "docker" | "containerd";
  /** Hash of all that goes into the images, and of the runtime that will read them. */
  key: string;
  /** Makes the images in a folder; returns the further arguments of the script. */
  makeImages: (work: string) => Promise<string[]>;
  /** Path of the script that imports them, in namespaces of its own: its first argument is the folder to make. */
  script: string;
  limitSeconds: number;
}

/** Makes what the cache lacks; returns the folder to copy. */
export async function goldenRoot(
  cache: string,
  { runtime, key, makeImages, script, limitSeconds }: Making,
): Promise<string> {
  const root = join(cache, runtime, key);
  if (existsSync(root)) {
    keepNewest(join(cache, runtime), "", key);
    return root;
  }
  const work = `${root}.new`;
  await must(["rm", "-rf", "--one-file-system", work]);
  mkdirSync(work, { recursive: true, mode: 0o700 });
  const imported = await makeImages(work);
  say(`importing the images into ${runtime}`);
  const command = ["bash", script, join(work, "data"), ...imported];
  await sayWhile("importing the images", () =>
    must(["unshare", "-m", "-p", "-n", "--mount-proc", "--fork", "--kill-child=KILL", ...command], {
      timeoutSeconds: limitSeconds,
    }),
  );
  renameSync(join(work, "data"), root);
  await must(["rm", "-rf", "--one-file-system", work]);
  return root;
}
