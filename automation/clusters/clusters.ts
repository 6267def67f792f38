import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation";
import { lastReport } from "../../cli/report";
import { stackConfig } from "../../cli/topology-file";
import type { ActReport } from "../../evidence/act-report";
import type { ClusterLine, ClustersReport } from "../../evidence/clusters-report";
import { Semaphore } from "../../reach/semaphore";
import { actOn, type Failover } from "../act";
import type { ActEvent } from "../events";
import { type FailoverConfig, keepSettings, openStacks } from "../stacks";
import { type Cluster, clusterBeside, declaredClusters, type Loss, lossesOf } from "./declared";
import { previewLine, withoutReport } from "./lines";
import { readWords, wordsText } from "./words-file";

export interface ClustersOptions {
  /** The folder of the Pulumi project, with a file Pulumi.NAME-failover.yaml for each cluster. Default: the working directory. */
  project?: string;
  /** The datacenter that is lost; default: that of the file of words. */
  lost?: string;
  /** Names of clusters: the others are left out. */
  only?: string[];
  /** A file with the operator's words for each cluster; those that it doesn't have are left out. */
  words?: string;
  /** How many clusters at once until their first write; default: four for each processor. */
  atOnce?: number;
  /** When the command began, from which the report counts, Unix milliseconds; default: the call. */
  commandAt?: number;
  /** Environment of Pulumi beside this process's own. */
  env?: Record<string, string>;
  onEvent?: (cluster: string, event: ActEvent) => void;
  /** Is told of each cluster when it begins, and of its line in the report when it has ended. */
  onCluster?: (cluster: string, line: ClusterLine | undefined) => void;
}

/** The failover of all clusters that the loss of a datacenter stops; one operation at a time. A cluster that fails doesn't stop the others. */
export interface Clusters {
  /** The clusters that run, in their order. */
  names: string[];
  /** A cluster of the project that isn't among them, for people; undefined if there is none. */
  beside: string | undefined;
  /** Changes no host. @throws Error if Pulumi can't open the stacks */
  preview(): Promise<ClustersReport>;
  /** Does the failovers, or goes on with them; a cluster that keeps its majority is looked at alone. @throws Error if Pulumi can't open the stacks */
  up(): Promise<ClustersReport>;
  /** What the hosts recorded of the last failovers of that datacenter. */
  report(): Promise<ClustersReport>;
  /** The operator's words that are missing after a preview, as the text of a file for `words`. */
  words(preview: ClustersReport): string;
  /** Ends what runs as Ctrl-C does: steps that run now end on their hosts. Clusters that wait don't begin. */
  cancel(): Promise<void>;
}

/**
 * Reads and checks a project's clusters; nothing runs yet.
 * @throws Error with all that is wrong: a stack without a topology, two clusters with one name or one host, an unknown datacenter, a word that isn't its cluster's
 */
export function clusters(options: ClustersOptions): Clusters {
  const project = resolve(options.project ?? ".");
  const declared = declaredClusters(project);
  const given = options.words === undefined ? undefined : readWords(options.words, (lost) => lossesOf(declared, lost));
  const lost = options.lost ?? given?.lost;
  if (lost === undefined) throw new Error("--lost: must be the datacenter that is lost: not given");
  if (given !== undefined && given.lost !== lost) {
    throw new Error(`--lost: must be the datacenter of ${options.words}, ${given.lost}: ${JSON.stringify(lost)}`);
  }
  const losses = lossesOf(declared, lost);
  const unknown = (options.only ?? []).filter((name) => !declared.some((c) => c.name === name));
  if (unknown.length > 0) {
    throw new Error(
      `--only: must be clusters of the project (${declared.map((c) => c.name).join(", ")}): ${unknown.join(", ")}`,
    );
  }
  return new Run(options, project, lost, losses, given?.clusters, clusterBeside(project, declared));
}

const isFirstWrite = (event: ActEvent): boolean =>
  event.kind === "step" && event.state === "ended" && event.name.startsWith("first-write-");

class Run implements Clusters {
  private cancelled = false;
  private readonly acts = new Set<Failover>();
  private readonly asked: Loss[];

  constructor(
    private readonly options: ClustersOptions,
    private readonly project: string,
    private readonly lost: string,
    private readonly losses: Loss[],
    private readonly given: Map<string, FailoverConfig> | undefined,
    readonly beside: string | undefined,
  ) {
    const { only } = options;
    const order = [...(given?.keys() ?? [])];
    const place = ({ cluster, kind }: Loss): number =>
      kind === "hit" ? order.indexOf(cluster.name) : Number.POSITIVE_INFINITY;
    this.asked = losses
      .filter(({ cluster, kind }) => kind !== "not hit" && (only?.includes(cluster.name) ?? true))
      .filter(({ cluster, kind }) => kind === "not needed" || (given?.has(cluster.name) ?? true))
      // those that aren't stopped come last: nobody waits for them
      .sort((a, b) => place(a) - place(b) || a.cluster.name.localeCompare(b.cluster.name));
  }

  get names(): string[] {
    return this.asked.map(({ cluster }) => cluster.name);
  }

  preview(): Promise<ClustersReport> {
    return this.run("preview", async ({ kind }, act) => previewLine(await act.preview(), kind));
  }

  up(): Promise<ClustersReport> {
    return this.run("failover", async (loss, act) => {
      if (loss.kind === "not needed") return previewLine(await act.preview(), loss.kind);
      try {
        const report = await act.up();
        return report === undefined
          ? { outcome: "over", words: ["this failover has ended before"] }
          : { outcome: report.outcome === "finished" ? "finished" : "failed", words: [], report };
      } catch (error) {
        const line = withoutReport(error);
        const report = line.outcome === "refused" ? undefined : await this.recorded(loss.cluster, () => act.report());
        return { ...line, ...(report === undefined ? {} : { report }) };
      }
    });
  }

  async report(): Promise<ClustersReport> {
    const slots = new Semaphore(this.atOnce);
    const lines = await Promise.all(
      this.asked.map(({ cluster, kind, words }) =>
        slots.take(async (): Promise<ClusterLine> => {
          if (kind === "not needed") return { cluster: cluster.name, outcome: kind, words: [words] };
          try {
            const report = await lastReport(cluster.topology, cluster.stack);
            return report.lost === this.lost
              ? {
                  cluster: cluster.name,
                  outcome: report.outcome === "finished" ? "finished" : "failed",
                  words: [],
                  report,
                }
              : { cluster: cluster.name, outcome: "not begun", words: [`its last failover gave up ${report.lost}`] };
          } catch (error) {
            return {
              cluster: cluster.name,
              outcome: "unknown",
              words: [error instanceof Error ? error.message : String(error)],
            };
          }
        }),
      ),
    );
    const begins = lines.flatMap(({ report }) => (report ? [report.startedAt] : [])).sort();
    const [startedAt = new Date().toISOString()] = begins;
    return { kind: "failover", lost: this.lost, startedAt, clusters: [...lines, ...this.leftOut()] };
  }

  words({ clusters: lines }: ClustersReport): string {
    const all = this.losses.map(({ cluster }) => cluster);
    const epochs = Object.fromEntries(all.map((cluster) => [cluster.name, this.epoch(cluster)]));
    return wordsText(this.lost, lines, all, epochs);
  }

  async cancel(): Promise<void> {
    this.cancelled = true;
    await Promise.allSettled([...this.acts].map((act) => act.cancel()));
  }

  private get atOnce(): number {
    return this.options.atOnce ?? 4 * availableParallelism();
  }

  private epoch = ({ stack }: Cluster): number => Number(stackConfig(this.project, stack)["rke-dr:epoch"]);

  private async run(
    kind: ClustersReport["kind"],
    work: (loss: Loss, act: Failover) => Promise<Omit<ClusterLine, "cluster">>,
  ): Promise<ClustersReport> {
    const startedAt = new Date(this.options.commandAt ?? Date.now()).toISOString();
    const stacks = await openStacks(
      this.project,
      this.asked.map(({ cluster }) => cluster.stack),
      this.options.env ?? {},
    );
    const slots = new Semaphore(this.atOnce);
    const lines = await Promise.all(
      this.asked.map((loss, i) =>
        slots.take(async (leave) => {
          const line = await this.one(loss, stacks[i], work, kind === "failover" ? leave : () => undefined);
          this.options.onCluster?.(loss.cluster.name, line);
          return line;
        }),
      ),
    );
    return {
      kind,
      lost: this.lost,
      startedAt,
      endedAt: new Date().toISOString(),
      clusters: [...lines, ...this.leftOut()],
    };
  }

  private async one(
    loss: Loss,
    stack: Stack | undefined,
    work: (loss: Loss, act: Failover) => Promise<Omit<ClusterLine, "cluster">>,
    leave: () => void,
  ): Promise<ClusterLine> {
    const { name: cluster, topology } = loss.cluster;
    if (this.cancelled || !stack) return { cluster, outcome: "not begun", words: ["cancelled before it began"] };
    this.options.onCluster?.(cluster, undefined);
    const act = actOn(stack, topology, (event) => {
      // what follows its first write mostly waits for hosts: the next cluster begins beside it
      if (isFirstWrite(event)) leave();
      this.options.onEvent?.(cluster, event);
    });
    this.acts.add(act);
    try {
      await keepSettings(stack, { lost: this.lost, ...this.given?.get(cluster) });
      if (this.cancelled) return { cluster, outcome: "not begun", words: ["cancelled before it began"] };
      return { cluster, ...(await work(loss, act)) };
    } catch (error) {
      return { cluster, ...withoutReport(error) };
    } finally {
      this.acts.delete(act);
    }
  }

  /** The report of this act if hosts have one; that of an earlier failover doesn't count. */
  private async recorded(cluster: Cluster, read: () => Promise<ActReport>): Promise<ActReport | undefined> {
    try {
      const report = await read();
      return report.lost === this.lost && report.epoch === this.epoch(cluster) ? report : undefined;
    } catch {
      return undefined;
    }
  }

  /** Lines of the clusters that don't run, with the reason. */
  private leftOut(): ClusterLine[] {
    return this.losses
      .filter((loss) => !this.asked.includes(loss))
      .map(({ cluster: { name: cluster }, kind, words }): ClusterLine => {
        if (kind !== "hit") return { cluster, outcome: kind, words: [words] };
        const why =
          this.options.only?.includes(cluster) === false
            ? "--only leaves it out"
            : `${this.options.words} has no words for it`;
        return { cluster, outcome: "not begun", words: [why] };
      });
  }
}
