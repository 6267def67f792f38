import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { stackTopology } from "../cli/topology-file";
import { actOn, type Failover } from "./act";
import type { ActEvent } from "./events";
import { type FailoverConfig, keepSettings, openStacks } from "./stacks";

export type { ActReport, ReportedHost, ReportedStep, SetAside } from "../evidence/act-report";
export type { ClusterLine, ClusterOutcome, ClustersReport } from "../evidence/clusters-report";
export type { AgainstTarget, Gap } from "../evidence/targets";
export type { Failover, Preview } from "./act";
export { ActError } from "./act-error";
export { type Clusters, type ClustersOptions, clusters } from "./clusters/clusters";
export type { ActEvent } from "./events";
export type { FailoverConfig } from "./stacks";

export interface FailoverOptions {
  /** The folder of the Pulumi project; its Pulumi.yaml or the stack's own file has the topology. Default: the working directory. */
  project?: string;
  /** Default: "failover". It is made if the backend has none of that name. */
  stack?: string;
  config?: FailoverConfig;
  /** Environment of Pulumi beside this process's own, such as PULUMI_BACKEND_URL and PULUMI_CONFIG_PASSPHRASE. */
  env?: Record<string, string>;
  onEvent?: (event: ActEvent) => void;
}

/**
 * Opens the stack of a failover with the Pulumi CLI on PATH, and keeps `config` in its file; nothing of the cluster is touched.
 * @throws Error if the folder has no Pulumi.yaml, its topology has errors, or Pulumi can't open the stack
 */
export async function failover(options: FailoverOptions = {}): Promise<Failover> {
  const { stack: stackName = "failover", config = {}, env = {}, onEvent = () => undefined } = options;
  const workDir = resolve(options.project ?? ".");
  const file = join(workDir, "Pulumi.yaml");
  if (!existsSync(file)) throw new Error(`project: must be a folder with a Pulumi.yaml: ${workDir}`);
  const topology = stackTopology(workDir, stackName);
  const [stack] = await openStacks(workDir, [stackName], env);
  if (!stack) throw new Error(`stack ${stackName}: can't be opened`);
  await keepSettings(stack, config);
  return actOn(stack, topology, onEvent);
}
