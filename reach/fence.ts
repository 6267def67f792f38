import type { Fence, FenceResult } from "../plan/acts/failover/fence";
import { fenceLimit } from "../plan/acts/failover/fence";
import { runHere } from "./operator-command";

/**
 * Runs fence commands on this machine, all at once; each gets a shell, this process's environment, and `fenceLimit` seconds.
 *
 * They aren't Pulumi resources: `up` from another backend must not repeat a fence, and only one backend would know of the resource. The
 * survivors record the results with their claims instead.
 *
 * @param say is told what they print; else Pulumi is, which writes to standard output outside of its own program
 */
export const runFences = (
  fences: Fence[],
  limitSeconds = fenceLimit,
  say?: (words: string) => void,
): Promise<FenceResult[]> =>
  Promise.all(
    fences.map(async (fence) => ({
      ...fence,
      ...(await runHere(`fence ${fence.host}`, fence.command, limitSeconds, {}, say)),
    })),
  );
