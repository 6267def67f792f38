import type { Rehearsal } from "./rehearsal";

/** The result that on-host/steps/rehearse.sh prints once it has removed everything again. */
export interface RehearsalResult {
  /** The host's own name for itself. */
  host: string;
  /** "live", or the scheduled snapshot's name. */
  source: string;
  revision: number;
  /** Of the snapshot. */
  bytes: number;
  keys: number;
  /** True if the live cluster was counted at the snapshot's own revision. */
  exact: boolean;
  milliseconds: { snapshot?: number; restore: number; etcd: number; kubeApiserver: number; firstWrite: number };
  /** As the scratch kube-apiserver lists them. */
  namespaces: number;
  /** Objects by resource. */
  live: Record<string, number>;
  restored: Record<string, number>;
}

export interface RehearsalReport extends Omit<RehearsalResult, "live" | "restored"> {
  /** Its name in the topology. */
  host: string;
  cluster: string;
  /** ISO 8601. */
  startedAt: string;
  member: string;
  /** Seconds: the sum of all parts of a recovery from this source that were measured. */
  recoverySeconds: number;
  resources: { resource: string; live: number; restored: number }[];
  /** False if the restored data differ from the cluster's at that revision, or if the API lists fewer namespaces. */
  verified: boolean;
}

export function reportRehearsal(
  cluster: string,
  rehearsal: Rehearsal,
  startedAt: number,
  result: RehearsalResult,
): RehearsalReport {
  const { live, restored, ...rest } = result;
  const names = [...new Set([...Object.keys(live), ...Object.keys(restored)])].sort();
  const resources = names.map((resource) => ({
    resource,
    live: live[resource] ?? 0,
    restored: restored[resource] ?? 0,
  }));
  const equal = resources.every((r) => r.live === r.restored);
  return {
    cluster,
    startedAt: new Date(startedAt).toISOString(),
    member: rehearsal.member.name,
    ...rest,
    host: rehearsal.host.name,
    recoverySeconds: Object.values(result.milliseconds).reduce((a, b) => a + b, 0) / 1000,
    resources,
    verified: (equal || !result.exact) && names.length > 0 && result.namespaces >= (restored.namespaces ?? 0),
  };
}

const words: Record<keyof RehearsalResult["milliseconds"], string> = {
  snapshot: "live snapshot",
  restore: "restore into a data folder",
  etcd: "etcd's start until it is healthy",
  kubeApiserver: "kube-apiserver's start until it is ready",
  firstWrite: "first write",
};

export function rehearsalMarkdown(report: RehearsalReport): string {
  const different = report.resources.filter((r) => r.live !== r.restored);
  const total = report.resources.reduce((sum, r) => sum + r.restored, 0);
  return [
    `# Rehearsal of a recovery of cluster ${report.cluster}`,
    "",
    `${report.startedAt}, on ${report.host}, from ${
      report.source === "live" ? `a live snapshot of ${report.member}` : `the scheduled snapshot ${report.source}`
    }: revision ${report.revision}, ${report.bytes} bytes.`,
    "",
    report.verified
      ? "**Verified**: what was restored is what the cluster holds."
      : "**NOT verified**: see the differences below.",
    "",
    "| part of the recovery | seconds |",
    "| --- | ---: |",
    ...Object.entries(report.milliseconds).map(
      ([part, ms]) => `| ${words[part as keyof typeof words] ?? part} | ${(ms / 1000).toFixed(1)} |`,
    ),
    `| together | ${report.recoverySeconds.toFixed(1)} |`,
    "",
    "To these a failover adds what no rehearsal can try: the decision, Pulumi's start, setting aside, and the hosts' state on the day.",
    "",
    `${total} objects of ${report.resources.length} resources were restored, and ${report.namespaces} namespaces are listed by the API; the live cluster was counted ${
      report.exact ? "at the same revision" : "as it is now, later than the snapshot"
    }.`,
    "",
    ...(different.length === 0
      ? ["All counts are equal."]
      : [
          "| resource | live | restored |",
          "| --- | ---: | ---: |",
          ...different.map((r) => `| ${r.resource} | ${r.live} | ${r.restored} |`),
        ]),
    "",
  ].join("\n");
}
