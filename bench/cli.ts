/** `npm run bench`: how long a recovery and a preview take, against what can't be avoided and against doing it by hand. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { endWith } from "../lab/command-end";
import { Lab } from "../lab/lab";
import { say } from "../lab/machine/progress";
import { LabError } from "../lab/machine/run";
import { chooseEngine } from "../lab/operator/engine";
import { operatorDir } from "../lab/operator/operator";
import { chart } from "./chart";
import { measureClusters } from "./clusters";
import { measurePreview } from "./preview";
import { measureRecovery } from "./recovery";
import type { BenchResult, Machine } from "./result";
import { measureSizes } from "./size";
import { resultText } from "./tables";

const PARTS = ["preview", "recovery", "size", "clusters"] as const;
const PAGE = join(__dirname, "../docs/benchmark.md");
const MARK = "<!-- what follows is written by `npm run bench -- --write` -->";

const USAGE = `npm run bench [-- OPTIONS]

  --part preview,recovery,size,clusters   these parts (default: preview,recovery)
  --runs N                  how often previews and the recovery from a voter are measured (default 2; what is compared with it in
                            each second run, sizes once)
  --quick                   a run each, the smallest size only, and 5 clusters instead of 20
  --large                   with part size: 2 GB of data, too; needs 20 GB of disk
  --json                    print only the result, as JSON, on standard output
  --write                   write docs/benchmark.md and docs/benchmark.svg anew
  --help

LAB_DIR names the folder of the benchmark's own lab, LAB_RKE a real rke v1.2.7, and the official Pulumi CLI and plugins are
used where they are on PATH. Each run of a recovery begins with the same disks.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      part: { type: "string", default: "preview,recovery" },
      runs: { type: "string" },
      quick: { type: "boolean", default: false },
      large: { type: "boolean", default: false },
      json: { type: "boolean" },
      write: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const parts = values.part.split(",");
  const unknown = parts.find((part) => !PARTS.some((known) => known === part));
  if (unknown !== undefined) throw new LabError(`--part: must be of ${PARTS.join(", ")}, is "${unknown}"`);
  const { quick, large, runs = quick ? "1" : "2" } = values;
  if (!/^[1-9]\d?$/.test(runs)) throw new LabError(`--runs: must be a number from 1 to 99, is "${runs}"`);
  const sizes = [10e6, ...(quick ? [] : [500e6]), ...(large ? [2000e6] : [])];
  const result = await measure(parts, Number(runs), sizes, quick);
  process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : `\n${resultText(result)}`);
  if (values.write) writePage(result);
  return result.failed.length === 0 ? 0 : 1;
}

async function measure(parts: string[], runs: number, sizes: number[], quick: boolean): Promise<BenchResult> {
  const before = loadavg()[0] ?? 0;
  const lab = Lab.open(process.env.LAB_DIR ?? join(dirname(Lab.open().place.dir), "rke-dr-bench"));
  if ((await lab.status()).phase !== "down") {
    throw new LabError(
      `bench: the lab in ${lab.place.dir} must be down: run \`LAB_DIR=${lab.place.dir} npm run lab -- down\``,
    );
  }
  // beside the lab, which must be alone in its folder
  const logs = `${lab.place.dir}-logs`;
  const fleet = Lab.open(`${lab.place.dir}-fleet`);
  rmSync(logs, { recursive: true, force: true });
  mkdirSync(operatorDir(fleet.place), { recursive: true, mode: 0o700 });
  const engine = await chooseEngine(fleet.place);
  const result: Omit<BenchResult, "at" | "machine"> = { engine: engine.line, failed: [] };
  /** A part that fails doesn't take the figures of the others with it. */
  const part = async (name: (typeof PARTS)[number], work: () => Promise<void>) => {
    if (!parts.includes(name)) return;
    try {
      await work();
    } catch (error) {
      result.failed.push(`${name}: ${error instanceof Error ? error.message : error}`);
      say(`bench: part ${name} failed: ${error instanceof Error ? error.message : error}`);
    }
  };
  try {
    await part("preview", async () => {
      const { failed, ...measured } = await measurePreview(fleet.place, engine, [5, 50, 500], runs);
      result.preview = measured;
      result.failed.push(...failed);
    });
    await part("recovery", async () => {
      result.recovery = await measureRecovery(lab, logs, runs);
    });
    await part("clusters", async () => {
      const many = quick ? [1, 5] : [1, 20];
      result.clusters = await measureClusters(fleet.place, engine, many, quick ? [8] : [4, 8, 20]);
    });
    await part("size", async () => {
      if (sizes.some((bytes) => bytes > 1e9)) process.env.LAB_DISK_SIZE = "16G";
      result.sizes = await measureSizes(lab, logs, sizes, 1);
    });
  } finally {
    rmSync(fleet.place.dir, { recursive: true, force: true });
    say(`bench: logs are in ${logs}`);
  }
  return { at: new Date().toISOString(), machine: machine(before), ...result };
}

function machine(before: number): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    processors: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    load: [before, loadavg()[0] ?? 0],
  };
}

/** Replaces the figures of the report; the text that explains them is written by people and stays. */
function writePage(result: BenchResult): void {
  const [explanation = ""] = readFileSync(PAGE, "utf8").split(MARK);
  const picture = result.recovery ? "![how long each way takes, and where the time goes](benchmark.svg)\n\n" : "";
  writeFileSync(PAGE, `${explanation}${MARK}\n\n${picture}${resultText(result)}`);
  if (result.recovery) writeFileSync(PAGE.replace(/md$/, "svg"), chart(result.recovery));
  say("bench: docs/benchmark.md is written anew");
}

endWith(main());
