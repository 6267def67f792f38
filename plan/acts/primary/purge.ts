import { factsOf, type Observation } from "../../facts/observation";
import type { Verdict } from "../../guards/verdict";
import { verdict } from "../../guards/verdict";
import type { Host } from "../../topology/topology";
import { recordName, type ScheduledStep, type Step, step } from "../steps/steps";

/**
 * Deletes what acts have set aside, on request alone.
 * @param newest the newest epoch whose things go
 */
export const purgeSteps = (hosts: Host[], newest: number, after: string[]): Step[] =>
  hosts.map((host) =>
    step("aside purge", host, "Cleanup", {
      arguments: [String(newest)],
      after,
      words: `DELETE what epochs up to ${newest} have set aside here`,
    }),
  );

/** Nothing is deleted while anything else is to be done: what is set aside may be what a rerun or an expert needs. */
export function purgeGuard(steps: ScheduledStep[], newest: number, epoch: number): Verdict {
  const due = steps.filter((s) => s.due && recordName(s) !== "purge");
  return verdict(
    "purge",
    [
      ...(newest > epoch ? [`rke-dr:purge is newer than the epoch (${epoch}): ${newest}`] : []),
      ...(due.length > 0
        ? [`${due.length} other steps are to be done (${due[0]?.name}, ...): run \`up\` without rke-dr:purge first`]
        : []),
    ],
    `what epochs up to ${newest} set aside is deleted for good`,
  );
}

/** What lies there and how large it is, host by host; nothing where nothing was set aside. */
export function describeAside(hosts: Host[], seen: Observation): string[] {
  const lines = hosts.flatMap((host) => {
    const aside = factsOf(seen, host)?.aside ?? [];
    const containers = aside
      .filter((a) => a.path.startsWith("container "))
      .map((a) => a.path.slice("container ".length));
    return [
      ...aside
        .filter((a) => !a.path.startsWith("container "))
        .map((a) => `  ${host.name.padEnd(12)} ${a.path}, ${a.bytes} bytes`),
      ...(containers.length > 0 ? [`  ${host.name.padEnd(12)} containers ${containers.join(", ")}`] : []),
    ];
  });
  return lines.length === 0
    ? []
    : ["Set aside by earlier acts; nothing is deleted unless rke-dr:purge names an epoch", ...lines, ""];
}
