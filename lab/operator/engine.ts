/** Chooses the Pulumi that the lab uses: the first of three that is to be had. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { buildPlugins, pluginsHash } from "../../stand-ins/pulumi/build";
import { keepNewest } from "../build/cache";
import { goBuild } from "../build/go-build";
import { PULUMI_VERSION, pulumi } from "../build/programs";
import { withLock } from "../machine/lock";
import { findProgram } from "../machine/packages";
import { say } from "../machine/progress";
import { run, runGroup } from "../machine/run";
import type { Place } from "../state/place";
import { operatorDir } from "./operator";

export interface Engine {
  kind: "official" | "npm" | "built";
  /** Path of the CLI. */
  pulumi: string;
  /** Folders to stand first on PATH, so that the engine finds language host and plugins. */
  path: string[];
  /** One line that names the engine and plugins in use, without their paths. */
  line: string;
  /** Names of the parts that are the lab's stand-ins. */
  standIns: string[];
}

const PLUGINS = { command: "1.2.1", tls: "5.6.1", kubernetes: "4.34.2" };
const TRY_SECONDS = 8;

export async function chooseEngine(place: Place): Promise<Engine> {
  return (await official()) ?? (await fromNpm(place)) ?? (await built(place));
}

/** The folder that PULUMI_HOME names: the lab's own, but with the plugins that the user has. */
export function pulumiHome(place: Place): string {
  const home = join(operatorDir(place), "pulumi-home");
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const plugins = join(homedir(), ".pulumi/plugins");
  if (existsSync(plugins) && !existsSync(join(home, "plugins"))) symlinkSync(plugins, join(home, "plugins"));
  return home;
}

async function official(): Promise<Engine | undefined> {
  const folders = (process.env.PATH ?? "").split(":").filter(Boolean);
  const path = findProgram("pulumi", folders);
  if (!path || !findProgram("pulumi-language-nodejs", [dirname(path), ...folders])) return undefined;
  const installed = pluginFolders(join(homedir(), ".pulumi/plugins"));
  const lacking = Object.keys(PLUGINS).filter(
    (name) => !findProgram(`pulumi-resource-${name}`, [...folders, ...installed]),
  );
  if (lacking.length > 0) {
    say(`pulumi: ${path} isn't used, the plugins ${lacking.join(", ")} are neither on PATH nor in ~/.pulumi/plugins`);
    return undefined;
  }
  const version = (await run([path, "version"], { timeoutSeconds: 20 })).stdout.trim();
  const line = `pulumi: the official CLI ${version}, with its plugins`;
  return { kind: "official", pulumi: path, path: [dirname(path)], line, standIns: [] };
}

function pluginFolders(root: string): string[] {
  return existsSync(root) ? readdirSync(root).map((name) => join(root, name)) : [];
}

/** The npm package downloads CLI and language host when it first runs; the CLI downloads the plugins. */
async function fromNpm(place: Place): Promise<Engine | undefined> {
  const version = PULUMI_VERSION.slice(1);
  const remembered = join(operatorDir(place), "npm-pulumi.json");
  const bin = join(pulumiHome(place), "versions", version, "bin");
  const engine: Engine = {
    kind: "npm",
    pulumi: join(bin, "pulumi"),
    path: [bin],
    line: `pulumi: the CLI ${PULUMI_VERSION} and plugins that the npm package pulumi downloaded`,
    standIns: [],
  };
  if (existsSync(remembered)) return JSON.parse(readFileSync(remembered, "utf8")).works ? engine : undefined;
  say(`pulumi: trying the npm package pulumi@${version} (given up after ${TRY_SECONDS} s of silence)`);
  const env = { ...process.env, PULUMI_HOME: pulumiHome(place), PULUMI_SKIP_UPDATE_CHECK: "true" };
  const steps = [
    ["npm", "exec", "--yes", `--package=pulumi@${version}`, "--", "pulumi", "version"],
    ...Object.entries(PLUGINS).map(([name, at]) => [engine.pulumi, "plugin", "install", "resource", name, at]),
  ];
  let works = true;
  for (const argv of steps) {
    const result = await runGroup(argv, { env, cwd: operatorDir(place), silenceSeconds: TRY_SECONDS });
    works = result.code === 0;
    if (works) continue;
    const said = result.stderr
      .trim()
      .split("\n")
      .filter((line) => !line.startsWith("npm warn"))
      .pop();
    say(`pulumi: the npm package isn't used: ${result.code === 124 ? `silent for ${TRY_SECONDS} s` : said}`);
    break;
  }
  writeFileSync(remembered, `${JSON.stringify({ works })}\n`);
  return works ? engine : undefined;
}

async function built(place: Place): Promise<Engine> {
  const [folder, plugins] = await withLock(place.cache, "the cache of builds", 3600, async () => {
    // a folder for each version: a run of another checkout isn't to get other plugins in its midst
    const name = `plugins-${(await pluginsHash()).slice(0, 12)}`;
    const made = join(place.cache, name);
    await buildPlugins(made);
    keepNewest(place.cache, "plugins-", name);
    return [await goBuild(place.cache, pulumi), made] as const;
  });
  return {
    kind: "built",
    pulumi: join(folder, "pulumi"),
    path: [plugins, folder],
    line: `pulumi: the engine ${PULUMI_VERSION} built as a Go tool; language host and providers (${Object.keys(PLUGINS).join(", ")}) are the lab's STAND-INS`,
    standIns: ["pulumi language host", ...Object.keys(PLUGINS).map((name) => `pulumi provider ${name}`)],
  };
}
