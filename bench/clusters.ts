/** The failover of many clusters at once against that of one alone, by the program's own command on simulated hosts. */
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { say } from "../lab/machine/progress";
import { LabError } from "../lab/machine/run";
import type { Engine } from "../lab/operator/engine";
import { asOperator } from "../lab/operator/operator";
import { pulumiCommand } from "../lab/operator/pulumi-run";
import type { Place } from "../lab/state/place";
import { parseTopology } from "../plan/declaration/declaration";
import { type Fleet, raiseHosts } from "./fleet";
import { fleet } from "./fleet-topology";
import { metered, type Taken } from "./processor";

const CHECKOUT = join(__dirname, "..");

/** How one command went. */
export interface ClustersRun extends Taken {
  clusters: number;
  atOnce: number;
  /** Seconds from the command to the slowest cluster's first write; of a preview, to its end. */
  slowest: number;
  /** Seconds of the processor, of all clusters together, until then. */
  processorToSlowest: number;
  /** Seconds of the whole command. */
  whole: number;
}

export interface ClustersResult {
  hosts: number;
  previews: ClustersRun[];
  failovers: ClustersRun[];
}

/** A project of several clusters of simulated hosts. */
export interface ManyClusters extends Fleet {
  names: string[];
}

const hostsOfEach = 5;
const limitSeconds = 900;

/**
 * @param folder new, for all that they need
 * @param change what is otherwise in a cluster's topology, as text
 */
export async function raiseClusters(
  folder: string,
  count: number,
  change: (topology: string, cluster: string) => string = (topology) => topology,
): Promise<ManyClusters> {
  const names = Array.from({ length: count }, (_, i) => `c${String(i + 1).padStart(2, "0")}`);
  const declared = names.map((name, i) =>
    change(
      stringify(fleet(hostsOfEach, join(folder, "operator"), name, 1 + i), { aliasDuplicateObjects: false }),
      name,
    ),
  );
  const topologies = declared.map((text) => parseTopology(parse(text)));
  const hosts = await raiseHosts(folder, topologies, true);
  const [project, backend] = [join(folder, "project"), join(folder, "backend")];
  for (const dir of [join(project, "topologies"), backend]) mkdirSync(dir, { recursive: true });
  for (const name of ["start.js", "package.json", "node_modules"]) {
    symlinkSync(join(CHECKOUT, name), join(project, name));
  }
  const pulumi = {
    name: "rke-dr",
    runtime: { name: "nodejs", options: { typescript: false } },
    main: "start.js",
    // one that the stacks' own replace
    config: { topology: { value: fleet(hostsOfEach, join(folder, "operator"), "lab", 200) } },
  };
  writeFileSync(join(project, "Pulumi.yaml"), stringify(pulumi, { aliasDuplicateObjects: false }));
  names.forEach((name, i) => {
    writeFileSync(join(project, `topologies/${name}.yaml`), declared[i] ?? "");
    const config = { "rke-dr:role": "failover", "rke-dr:topology": `topologies/${name}.yaml`, "rke-dr:epoch": "2" };
    writeFileSync(join(project, `Pulumi.${name}-failover.yaml`), stringify({ config }));
  });
  return { ...hosts, project, backend, names };
}

/** `rke-dr clusters` in the clusters' network: its command line and environment. */
export function clustersCommand(place: Place, engine: Engine, many: ManyClusters, args: string[]) {
  const { argv, env } = pulumiCommand(place, engine, many, []);
  const program = ["node", "--import", "tsx", join(CHECKOUT, "automation/clusters/command.ts"), ...args];
  return {
    argv: [...many.within, ...program],
    // what is left of the lab's command is the path of Pulumi itself
    env: { ...env, PATH: `${join(argv[asOperator(place, []).length] ?? "", "..")}:${env.PATH}` },
    cwd: many.project,
  };
}

/** Takes the marks of comments away from all attestations, as an operator does for hosts that are down. */
export const attested = (words: string): string => words.replace(/^( *)# (attest: .*)$/gm, "$1$2");

export async function measureClusters(
  place: Place,
  engine: Engine,
  counts: readonly number[],
  limits: readonly number[],
): Promise<ClustersResult> {
  const result: ClustersResult = { hosts: hostsOfEach, previews: [], failovers: [] };
  // one more, first, that isn't counted: it fills the machine's caches
  await onClusters(place, 1, (many) => previewed(place, engine, many, 1));
  for (const count of counts) {
    for (const limit of count === 1 ? [1] : limits) {
      await onClusters(place, count, async (many) => {
        result.previews.push(await previewed(place, engine, many, limit));
        result.failovers.push(await failedOver(place, engine, many, limit));
      });
    }
  }
  return result;
}

async function onClusters<T>(place: Place, count: number, work: (many: ManyClusters) => Promise<T>): Promise<T> {
  const folder = join(place.dir, `clusters-${count}`);
  rmSync(folder, { recursive: true, force: true });
  const many = await raiseClusters(folder, count);
  try {
    return await work(many);
  } finally {
    many.end();
  }
}

const wordsFile = ({ project }: ManyClusters): string => join(project, "../words.yaml");

async function previewed(place: Place, engine: Engine, many: ManyClusters, atOnce: number): Promise<ClustersRun> {
  const file = wordsFile(many);
  rmSync(file, { force: true });
  const run = await timed(place, engine, many, atOnce, ["preview", "--lost", "a", "--write", file]);
  if (run.report.clusters.some((c) => c.outcome !== "waits")) {
    throw new LabError(`clusters: previews must wait for words alone: ${JSON.stringify(run.report.clusters)}`);
  }
  writeFileSync(file, attested(readFileSync(file, "utf8")));
  return run.figures;
}

async function failedOver(place: Place, engine: Engine, many: ManyClusters, atOnce: number): Promise<ClustersRun> {
  const run = await timed(place, engine, many, atOnce, ["failover", "--words", wordsFile(many)]);
  if (run.report.clusters.some((c) => c.outcome !== "finished")) {
    throw new LabError(`clusters: all must finish: ${JSON.stringify(run.report.clusters)}`);
  }
  return run.figures;
}

async function timed(
  place: Place,
  engine: Engine,
  many: ManyClusters,
  atOnce: number,
  args: string[],
): Promise<{ figures: ClustersRun; report: { clusters: { outcome: string }[] } }> {
  const command = clustersCommand(place, engine, many, [...args, "--json", "--at-once", String(atOnce)]);
  const from = Date.now();
  let slowest: { seconds: number; processor: number } | undefined;
  const { code, stdout, stderr, processor, bytes } = await metered(
    command.argv,
    { cwd: command.cwd, env: command.env, timeoutSeconds: limitSeconds },
    (line, used) => {
      if (line.endsWith(": the API takes writes")) slowest = { seconds: (Date.now() - from) / 1000, processor: used() };
    },
  );
  const whole = (Date.now() - from) / 1000;
  if (code !== 0) {
    throw new LabError(`clusters ${args[0]}: exit code ${code}\n${stderr.slice(-2000)}${stdout.slice(-2000)}`);
  }
  const figures: ClustersRun = {
    clusters: many.names.length,
    atOnce,
    slowest: slowest?.seconds ?? whole,
    processorToSlowest: slowest?.processor ?? processor,
    whole,
    processor,
    bytes,
  };
  say(
    `bench: ${args[0]} of ${figures.clusters} clusters, ${atOnce} at once: slowest ${figures.slowest.toFixed(1)} s, ${processor.toFixed(1)} s of the processor`,
  );
  return { figures, report: JSON.parse(stdout) };
}

/**
 * What the processors permit at best until the slowest first write: one alone takes so long, and all of them have so much to compute.
 * @returns seconds
 */
export const atBest = (alone: ClustersRun, clusters: number, processors = cpus().length): number =>
  Math.max(alone.slowest, (clusters * alone.processorToSlowest) / processors);
