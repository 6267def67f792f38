import { createHash } from "node:crypto";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";

/** Stand-ins by the names under which the engine looks for plugins on PATH. */
export const EXECUTABLES: Record<string, string> = {
  "pulumi-language-nodejs": "language/main.ts",
  "pulumi-resource-command": "command/main.ts",
  "pulumi-resource-tls": "tls/main.ts",
  "pulumi-resource-kubernetes": "kubernetes/main.ts",
};

const STAMP = ".plugins.sha256";

/**
 * Bundles the stand-ins into `outDir`, one file each: starting a bundle takes a fraction of what loading hundreds of
 * modules takes, and every preview starts all of them. Does nothing when what is there was made from the same sources.
 */
export async function buildPlugins(outDir: string): Promise<{ built: boolean; dir: string }> {
  const stamp = await pluginsHash();
  if ((await readFile(join(outDir, STAMP), "utf8").catch(() => "")) === stamp) return { built: false, dir: outDir };
  await mkdir(outDir, { recursive: true });
  const sdk = dirname(require.resolve("@pulumi/pulumi/package.json"));
  await Promise.all(
    Object.entries(EXECUTABLES).map(async ([name, entry]) => {
      const outfile = join(outDir, name);
      await build({
        entryPoints: [join(__dirname, entry)],
        outfile,
        bundle: true,
        platform: "node",
        format: "cjs",
        target: "node20",
        // A native accelerator that ssh2 uses where it could be compiled, and does without elsewhere.
        external: ["cpu-features", "*.node"],
        // Messages of the SDK's generated code are instances of the SDK's own copy of this library, whatever the version.
        alias: { "google-protobuf": dirname(require.resolve("google-protobuf", { paths: [sdk] })) },
        banner: { js: "#!/usr/bin/env node" },
        minifySyntax: true,
        minifyWhitespace: true,
        logLevel: "error",
      });
      await chmod(outfile, 0o755);
    }),
  );
  // Last, so that an interrupted build is not taken for a complete one.
  await writeFile(join(outDir, STAMP), stamp);
  return { built: true, dir: outDir };
}

/** Of all that the stand-ins are made from, in hex. */
export async function pluginsHash(): Promise<string> {
  const sources = (await readdir(__dirname, { recursive: true })).filter((file) => file.endsWith(".ts")).sort();
  const digest = createHash("sha256");
  for (const file of [...sources.map((file) => join(__dirname, file)), join(__dirname, "../../package-lock.json")]) {
    digest.update(`${relative(__dirname, file)}\0`).update(await readFile(file));
  }
  return digest.digest("hex");
}
