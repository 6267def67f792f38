import { type Step, step } from "../../steps/steps";
import type { Host } from "../../topology/topology";

/**
 * Deletes what acts have set aside, on request alone.
 * @param newest the newest epoch whose things go
 */
export const purgeSteps = (hosts: Host[], newest: number, after: string[]): Step[] =>
  hosts.map((host) =>
    step("purge", host, "Cleanup", {
      arguments: [String(newest)],
      after,
      words: `DELETE what epochs up to ${newest} have set aside here`,
    }),
  );
