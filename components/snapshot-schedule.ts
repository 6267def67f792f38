import { onHostScript } from "../on-host";
import type { Dialect } from "../plan/installers/dialect";
import type { ScheduledStep } from "../plan/steps/steps";
import { bashLine } from "../reach/command-line";

/** Scripts that a deploy host runs by itself, in the order of their use. */
const scripts = ["loop", "take", "voter", "ready", "ready-host"];

/** A snapshot of some gigabytes takes its time, and must leave the processor to etcd. */
const bounds = { seconds: 3600, killAfter: 10, yielding: true };

/**
 * Stdin of the steps `snapshot-schedule`, by step name: the plan's decisions, and the scripts to install.
 * @param dialect of the voters
 */
export function snapshotScheduleData(steps: ScheduledStep[], dialect: Dialect): Record<string, string> {
  const files = scripts
    .map((name) => `@@ ${name}.sh\n${onHostScript(`resident/snapshots/${name}`, dialect).trimEnd()}`)
    .join("\n");
  return Object.fromEntries(
    steps
      .filter((s) => s.script === "snapshot-schedule")
      .map((s) => {
        // the last of its data is the file config
        const lines = (s.onwardUsers ?? []).map((user) => `line=${user}=${bashLine(user, bounds)}`);
        return [s.name, s.data === "" ? "" : [s.data, ...lines, files].join("\n")];
      }),
  );
}
