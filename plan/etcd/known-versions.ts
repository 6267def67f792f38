/**
 * A range of etcd's versions in which `--force-new-cluster` goes wrong: with any data, or with that which `if` names. All other versions that are known
 * to be bad, etcd's, docker's, RKE's and the kubelet's, stand in plan/installers/known-faults.ts.
 */
export interface UnsafeToForce {
  /** The first version that has the fault, as "3.6.0". */
  from: string;
  /** The first version that doesn't have it any more. */
  below: string;
  /** "learner": only if a learner was ever in the member's log. */
  if: "always" | "learner";
  /** The harm, as words that follow "--force-new-cluster". */
  fault: string;
  /** The source of that knowledge. */
  source: string;
}

export const unsafeToForce: readonly UnsafeToForce[] = [
  {
    from: "0.0.0",
    below: "3.4.14",
    if: "learner",
    fault: "panics if a learner was ever in the log",
    source: "etcd-io/etcd#12285, mended in 3.4.14",
  },
  {
    from: "3.6.0",
    below: "3.6.1",
    if: "always",
    fault: "leaves the dead members in the cluster as voters, and nobody can join it",
    source: "30 of 30 kills, mended in 3.6.1",
  },
];

/** The rows that hold for a version such as "3.4.13". @param learner whether a learner was ever in the member's log, as far as is known */
export const faultsOfForce = (version: string, learner: boolean): UnsafeToForce[] =>
  unsafeToForce.filter(
    (row) => !older(version, row.from) && older(version, row.below) && (row.if === "always" || learner),
  );

function older(version: string, than: string): boolean {
  const [a, b] = [version, than].map((v) => v.split(".").map((part) => Number.parseInt(part, 10)));
  for (const i of [0, 1, 2]) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
