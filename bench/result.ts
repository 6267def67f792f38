import type { ClustersResult } from "./clusters";
import type { PreviewResult } from "./preview";
import type { RecoveryResult } from "./recovery";
import type { PureCosts } from "./rendering";
import type { SizeResult } from "./size";

/** The result of a run of the benchmark; `--json` prints it. */
export interface BenchResult {
  /** ISO time of the end. */
  at: string;
  machine: Machine;
  /** The Pulumi that was measured, in one line. */
  engine: string;
  /** Parts that could not be measured, and why. */
  failed: string[];
  recovery?: RecoveryResult;
  sizes?: SizeResult[];
  clusters?: ClustersResult;
  preview?: { previews: PreviewResult[]; rendering: PureCosts[] };
}

export interface Machine {
  processor: string;
  processors: number;
  memoryBytes: number;
  kernel: string;
  node: string;
  /** Load average of the minute before and of the last one: the second one is the benchmark's own, too. */
  load: [before: number, after: number];
}
