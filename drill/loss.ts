import type { Drill } from "./drill";
import type { Attempt, Judgement } from "./history";
import type { Taken } from "./snapshot";
import type { LearnerFault } from "./standby";

/** Only the newest writes may be gone, and from a snapshot exactly those that came after it. */
export function lossIsExact(
  drill: Drill,
  { lost: gone, outOfOrder, lastSurviving }: Judgement,
  history: Attempt[],
  taken: Taken | undefined,
  learner: LearnerFault | undefined,
): void {
  const range = gone.length === 0 ? "none lost" : `${gone.length} lost, numbers ${gone[0]} to ${gone.at(-1)}`;
  drill.check("no write is lost that is older than one that survived", outOfOrder.length === 0, range);
  if (learner === "lagging") {
    drill.check("what the learner hadn't got yet is lost", gone.length > 0, range);
  }
  if (!taken) return;
  const early = history.filter((a) => gone.includes(a.n) && a.endedAt < taken.before).length;
  const seconds = ((taken.after - taken.before) / 1000).toFixed(1);
  drill.check(
    "exactly what was written after the snapshot is lost",
    gone.length > 0 && early === 0 && (lastSurviving ?? 0) <= taken.after,
    `${range}, ${early} of them from before it; it took ${seconds} s, the last write that survived was answered ${(((lastSurviving ?? 0) - taken.before) / 1000).toFixed(1)} s after its begin`,
  );
}
