/** Where a campaign keeps its worlds and its records: outside of git, and of every other lab. */
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { type RunRecord, readRecords, recordLines } from "./table/record";

/** The program that is tried: this checkout, or the one that LAB_PROGRAM names, as for the lab. */
export const PROGRAM_FOLDER = process.env.LAB_PROGRAM ? resolve(process.env.LAB_PROGRAM) : join(__dirname, "..");
/** All that decides what a built cluster has on its hosts. */
const PROGRAM = [
  ...[
    "plan",
    "on-host",
    "components",
    "observe",
    "reach",
    "evidence",
    "index.ts",
    "config.ts",
    "declared-topology.ts",
    "on-host.ts",
    "late.js",
    "start.js",
  ],
  ...["topologies", "stop.ts", "stand-ins/rke"],
];

export class CampaignPlace {
  readonly dir: string;

  /** @param env CAMPAIGN_DIR names the folder; the default is beside the labs' */
  constructor(env: NodeJS.ProcessEnv = process.env) {
    const state = env.XDG_STATE_HOME || join(homedir(), ".local/state");
    this.dir = resolve(env.CAMPAIGN_DIR || join(state, "rke-dr-campaign"));
    mkdirSync(this.dir, { recursive: true, mode: 0o700 });
  }

  get recordsFile(): string {
    return join(this.dir, "runs.jsonl");
  }

  /** The lab's folder and that of its kept disks, for a world. */
  world(name: string): { lab: string; kept: string } {
    return { lab: join(this.dir, "labs", name), kept: join(this.dir, "kept", name) };
  }

  /** Names of the worlds that have a folder. */
  worlds(kind: "labs" | "kept"): string[] {
    const folder = join(this.dir, kind);
    return existsSync(folder) ? readdirSync(folder) : [];
  }

  /** A new folder for the files of a run. */
  run(seed: number): string {
    const folder = join(this.dir, "runs", `${new Date().toISOString().replaceAll(/[:.]/g, "-")}-seed-${seed}`);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  record(run: RunRecord): void {
    appendFileSync(this.recordsFile, recordLines([run]));
  }

  records(): RunRecord[] {
    return existsSync(this.recordsFile) ? readRecords(readFileSync(this.recordsFile, "utf8")) : [];
  }
}

/** A short hash of the program's files: a cluster that another program has built is another world. */
export function programHash(): string {
  const hash = createHash("sha256");
  for (const path of PROGRAM.flatMap((name) => filesOf(join(PROGRAM_FOLDER, name))).sort()) {
    hash.update(path.slice(PROGRAM_FOLDER.length)).update(readFileSync(path));
  }
  return hash.digest("hex").slice(0, 8);
}

function filesOf(path: string): string[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile());
}
