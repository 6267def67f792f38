import type { FailoverPlan } from "../acts/failover/plan";
import type { Host } from "../topology/topology";

/** If several members of etcd survive, or one is given up: each one's part at the end of a failover, and how it comes to it. Else empty. */
export function describeEnd({ source, others, leftOut, site, lostHosts }: FailoverPlan): string[] {
  if (source === undefined || others.length + leftOut.length === 0) {
    return [];
  }
  const isOut = (host: Host) => leftOut.some((h) => h.name === host.name);
  const line = (host: Host, words: string) => `  ${host.name.padEnd(12)} ${words}`;
  return [
    "etcd's members at the end",
    line(source.host, "voter: recovered first, the API writes to it alone until the others have joined"),
    ...site.hosts
      .filter((h) => others.some((o) => o.name === h.name))
      .map((h) =>
        line(
          h,
          h.etcd === "voter"
            ? "voter: stopped, then added as a learner on no data, promoted when it has caught up"
            : "learner: stopped, then added anew on no data",
        ),
      ),
    ...lostHosts
      .filter((h) => h.etcd !== "none")
      .map((h) =>
        line(h, isOut(h) ? "no member: it can't be reached, or was given up by an earlier run" : "no member: lost"),
      ),
    "",
  ];
}
