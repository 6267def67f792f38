/**
 * The images on a host's disk. Layers are never written to once they are there, so hosts share them by hard links (a copy, where the
 * cache is another file system); the runtime's own records are copied.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { must, run } from "../machine/run";

/** @param target a folder that isn't there yet */
export async function copyDocker(golden: string, target: string): Promise<void> {
  mkdirSync(target, { recursive: true });
  const records = ["-mindepth", "1", "-maxdepth", "1", "!", "-name", "overlay2"];
  await must(["find", golden, ...records, "-exec", "cp", "-a", "-t", target, "{}", "+"]);
  const linked = await run(["cp", "-al", join(golden, "overlay2"), target]);
  if (linked.code !== 0) await must(["cp", "-a", join(golden, "overlay2"), target]);
}

/** @param target a folder that isn't there yet */
export async function copyContainerd(golden: string, target: string): Promise<void> {
  if ((await run(["cp", "-al", golden, target])).code !== 0) {
    await must(["rm", "-rf", "--one-file-system", target]);
    await must(["cp", "-a", golden, target]);
    return;
  }
  // containerd writes in place to its databases alone
  const databases = (await must(["find", golden, "-name", "*.db", "-printf", "%P\n"])).stdout.split("\n");
  for (const path of databases.filter(Boolean))
    await must(["cp", "-a", "--remove-destination", join(golden, path), join(target, path)]);
}
