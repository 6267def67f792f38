import { onHostText } from "../on-host";
import type { ScheduledStep } from "../plan/steps/steps";

/** What a deploy host runs on its own, in the order of their use. */
const scripts = ["loop", "take", "voter"];

/** What the steps `snapshot-schedule` read from stdin, by step name: what the plan decided, and the scripts to install. */
export function snapshotScheduleData(steps: ScheduledStep[]): Record<string, string> {
  const files = scripts
    .map((name) => `@@ ${name}.sh\n${onHostText(`resident/snapshots/${name}`).trimEnd()}`)
    .join("\n");
  return Object.fromEntries(
    steps
      .filter((s) => s.script === "snapshot-schedule")
      .map((s) => [s.name, s.data === "" ? "" : `${s.data}\n${files}`]),
  );
}
