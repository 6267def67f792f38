import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { say } from "../lab/machine/progress";
import { LabError, run } from "../lab/machine/run";
import type { Engine } from "../lab/operator/engine";
import { asOperator } from "../lab/operator/operator";
import { pulumiCommand } from "../lab/operator/pulumi-run";
import type { Place } from "../lab/state/place";
import { raiseFleet } from "./fleet";
import { type PureCosts, pureCosts } from "./rendering";

/** The time, processor time and memory of the program's own process, from its start to its end. */
export interface Metered {
  /** Seconds of time, and of the processor. */
  seconds: number;
  processor: number;
  /** The most memory that it held. */
  bytes: number;
}

export interface PreviewResult {
  hosts: number;
  /** Seconds of the whole `pulumi preview`. */
  whole: number[];
  program: Metered[];
  /** Characters printed. */
  printed: number;
}

/** A run that takes longer than this on a busy machine says nothing. */
const limitSeconds = 120;

export async function measurePreview(
  place: Place,
  engine: Engine,
  sizes: readonly number[],
  runs: number,
): Promise<{ previews: PreviewResult[]; rendering: PureCosts[]; failed: string[] }> {
  const previews: PreviewResult[] = [];
  const failed: string[] = [];
  for (const hosts of sizes) {
    try {
      previews.push(await previewOf(place, engine, hosts, runs));
    } catch (error) {
      failed.push(`preview of ${hosts} hosts: ${error instanceof Error ? error.message : error}`);
      say(`bench: ${failed.at(-1)}`);
    }
  }
  say("bench: planning and rendering");
  pureCosts(50, 3); // code is compiled as it runs
  return { previews, failed, rendering: [5, 50, 500, 5000].map((hosts) => pureCosts(hosts, hosts < 1000 ? 5 : 2)) };
}

async function previewOf(place: Place, engine: Engine, hosts: number, runs: number): Promise<PreviewResult> {
  const folder = join(place.dir, `fleet-${hosts}`);
  rmSync(folder, { recursive: true, force: true });
  const fleet = await raiseFleet(folder, hosts);
  try {
    const meter = join(folder, "meter.json");
    const pulumi = async (...args: string[]) => {
      const command = pulumiCommand(place, engine, fleet, [...args, "--non-interactive", "--color", "never"]);
      // in the fleet's network instead of a lab's
      const argv = [...fleet.within, ...command.argv.slice(asOperator(place, []).length)];
      const env = { ...command.env, BENCH_METER: meter };
      const result = await run(argv, { cwd: command.cwd, env, timeoutSeconds: limitSeconds });
      if (result.code !== 0)
        throw new LabError(
          `pulumi ${args[0]}: exit code ${result.code}, the end is\n${(result.stdout + result.stderr).slice(-2000)}`,
        );
      return result.stdout;
    };
    await pulumi("stack", "init", "failover");
    const result: PreviewResult = { hosts, whole: [], program: [], printed: 0 };
    // one more, first, that isn't counted: it fills the machine's caches
    for (let i = 0; i <= runs; i++) {
      const from = Date.now();
      const text = await pulumi("preview", "--stack", "failover");
      const seconds = (Date.now() - from) / 1000;
      if (!/ok +survivors reachable/.test(text) || !/-> b1: voter, revision 478/.test(text))
        throw new LabError(`preview of ${hosts} hosts: not as expected, it ends with\n${text.slice(-2000)}`);
      say(`bench: preview with ${hosts} hosts: ${seconds.toFixed(1)} s`);
      if (i === 0) continue;
      result.whole.push(seconds);
      result.program.push(JSON.parse(readFileSync(meter, "utf8")) as Metered);
      result.printed = text.length;
    }
    return result;
  } finally {
    fleet.end();
  }
}
