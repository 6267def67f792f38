/** Files of an image's root. */
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, createReadStream, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { run } from "../machine/run";

/** Copies a program, executable for all. */
export function put(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(source, target);
  chmodSync(target, 0o755);
}

/** Shared libraries of a program, at the paths that the loader looks at; a static program has none. */
export async function putLibraries(root: string, program: string): Promise<void> {
  const listed = await run(["ldd", program]);
  if (listed.code !== 0) return;
  for (const [, path] of listed.stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)) if (path) put(path, join(root, path));
}

/** In hex; the file may be of any size. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
