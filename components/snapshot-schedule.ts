import { onHostScript } from "../on-host";
import type { ScheduledStep } from "../plan/steps/steps";

/** Scripts that a deploy host runs by itself, in the order of their use. */
const scripts = ["loop", "take", "voter"];

/** Stdin of the steps `snapshot-schedule`, by step name: the plan's decisions, and the scripts to install. */
export function snapshotScheduleData(steps: ScheduledStep[]): Record<string, string> {
  const files = scripts
    .map((name) => `@@ ${name}.sh\n${onHostScript(`resident/snapshots/${name}`).trimEnd()}`)
    .join("\n");
  return Object.fromEntries(
    steps
      .filter((s) => s.script === "snapshot-schedule")
      .map((s) => [s.name, s.data === "" ? "" : `${s.data}\n${files}`]),
  );
}
