/** Go programs, built once into the cache and found there by the hash of all that they are made from. */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { say, sayWhile } from "../machine/progress";
import { must } from "../machine/run";
import { keepNewest } from "./cache";

export interface GoBuild {
  /** Names the build in the cache and in progress lines. */
  name: string;
  /** Folder with go.mod and go.sum, and sources if it has any. */
  source: string;
  /** Package path per program. */
  programs: Record<string, string>;
  ldflags?: string;
  /** Programs that need no C library, for images without one. */
  static?: boolean;
  /** Said before a build that takes long. */
  expect?: string;
}

/** Builds what the cache lacks; returns the folder of the programs. */
export async function goBuild(cache: string, build: GoBuild): Promise<string> {
  const version = (await must(["go", "env", "GOVERSION"], { env: goEnvironment(process.env) })).stdout.trim();
  const name = `${build.name}-${buildKey(build, version)}`;
  const folder = join(cache, "go", name);
  if (existsSync(folder)) {
    keepNewest(join(cache, "go"), `${build.name}-`, name);
    return folder;
  }
  const work = `${folder}.new`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, "bin"), { recursive: true });
  // The build may add to go.mod and go.sum; what is committed stays as it is.
  cpSync(build.source, join(work, "source"), { recursive: true });
  say(
    `building ${build.name} (${Object.keys(build.programs).join(", ")}) with ${version}${build.expect ? `: ${build.expect}` : ""}`,
  );
  for (const [program, path] of Object.entries(build.programs)) {
    const argv = ["go", "build", "-trimpath", "-buildvcs=false", "-mod=mod", "-o", join(work, "bin", program)];
    if (build.ldflags) argv.push("-ldflags", build.ldflags);
    await sayWhile(`building ${program}`, () =>
      must([...argv, path], {
        cwd: join(work, "source"),
        env: goEnvironment(process.env, build.static ? { CGO_ENABLED: "0" } : {}),
        onLine: (line) => {
          if (/^go: (downloading|finding)/.test(line)) return;
          say(`building ${program}: ${line}`);
        },
      }),
    );
  }
  renameSync(join(work, "bin"), folder);
  rmSync(work, { recursive: true, force: true });
  return folder;
}

/** The caller's own settings for where Go finds and keeps modules, but none that change what is built. */
export function goEnvironment(env: NodeJS.ProcessEnv, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { GOOS, GOARCH, GO111MODULE, GOWORK, ...rest } = env;
  const path = `${env.PATH ?? ""}:/usr/local/go/bin:/usr/lib/go/bin`;
  return { ...rest, PATH: path, GOFLAGS: "", GOWORK: "off", ...more };
}

export function buildKey(build: GoBuild, goVersion: string): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([goVersion, process.arch, build.programs, build.ldflags ?? "", build.static ?? false]));
  const sources = filesUnder(build.source).filter((file) => !file.endsWith("_test.go"));
  for (const file of sources) hash.update(`\0${relative(build.source, file)}\0`).update(readFileSync(file));
  return hash.digest("hex").slice(0, 12);
}

export function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesUnder(join(folder, entry.name)) : [join(folder, entry.name)]));
}
