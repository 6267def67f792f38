/** One file that runs on a deploy host with nothing but Node. */
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";

const FOLDER = __dirname;

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sources(path);
      return entry.name.endsWith(".ts") ? [path] : [];
    })
    .sort();
}

/** Of every source file, and of the lock file for the libraries that go in. */
function contentHash(): string {
  const hash = createHash("sha256");
  const lock = join(FOLDER, "../../package-lock.json");
  for (const path of [...sources(FOLDER), ...(existsSync(lock) ? [lock] : [])]) {
    hash
      .update(`${relative(FOLDER, path)}\0`)
      .update(readFileSync(path))
      .update("\0");
  }
  return hash.digest("hex");
}

/** Builds the executable `outFile`, unless it is already the one of these sources. */
export async function buildRke(outFile: string): Promise<void> {
  const mark = `// sources: ${contentHash()}`;
  if (existsSync(outFile) && readFileSync(outFile, "utf8").slice(0, 200).includes(mark)) return;
  const result = await build({
    entryPoints: [join(FOLDER, "main.ts")],
    bundle: true,
    write: false,
    platform: "node",
    target: "node20",
    format: "cjs",
    legalComments: "none",
    // ssh2's optional native parts: it works without them.
    external: ["cpu-features", "*.node"],
    banner: { js: `#!/usr/bin/env node\n${mark}` },
    logLevel: "error",
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error(`esbuild wrote nothing for ${outFile}`);
  mkdirSync(dirname(outFile), { recursive: true });
  // Whole or not at all, should two labs build it at the same time.
  const temporary = `${outFile}.${process.pid}`;
  writeFileSync(temporary, file.contents);
  chmodSync(temporary, 0o755);
  renameSync(temporary, outFile);
}

if (require.main === module) {
  const outFile = process.argv[2];
  if (outFile === undefined) throw new Error("usage: build.ts OUTFILE");
  buildRke(outFile).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
}
