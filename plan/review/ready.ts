/** What a deploy host's on-host/resident/snapshots/ready.sh says, and what of it keeps a failover from being ready. */

/** A sample of Prometheus' text format: `rke_dr_epoch{host="master3"} 1` has the metric "epoch". */
export interface Sample {
  metric: string;
  labels: Record<string, string>;
  value: number;
}

/**
 * Reads samples of this program's metrics; other lines are left out.
 * @throws Error that names a line of them that can't be read
 */
export function parseSamples(text: string): Sample[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("rke_dr_"))
    .map((line) => {
      const [, metric = "", labels = "", value] = /^rke_dr_(\w+)\{(.*)\} (-?\d+(?:\.\d+)?)$/.exec(line) ?? [];
      if (value === undefined) {
        throw new Error(`ready.sh: a line must be a sample of Prometheus' text format: ${JSON.stringify(line)}`);
      }
      const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = "", word = ""]) => [key, word] as const);
      return { metric, labels: Object.fromEntries(pairs), value: Number(value) };
    });
}

/** One thing that must hold for a failover to be ready; each has an alert of the same name in monitoring/alerts.yml. */
export interface Check {
  alert: string;
  metric: string;
  /** PromQL: the alert fires for each sample that fulfils it. */
  expression: string;
  /** The same for a sample read at a time, Unix seconds. */
  fails: (sample: Sample, now: number, all: Sample[]) => boolean;
  /** What is wrong, for people. */
  words: (sample: Sample, now: number) => string;
}

const day = 86_400;
const age = (sample: Sample, now: number): string => `${Math.max(0, Math.round(now - sample.value))} s`;
const host = ({ labels }: Sample): string => labels.host ?? "";

/** An alert for a metric of which 0 is the failure. */
const mustBeOne = (alert: string, metric: string, words: (sample: Sample) => string): Check => ({
  alert,
  metric,
  expression: `rke_dr_${metric} == 0`,
  fails: ({ value }) => value === 0,
  words,
});

/** An alert for a time that must not lie further back. */
const notOlderThan = (alert: string, metric: string, seconds: number, words: Check["words"]): Check => ({
  alert,
  metric,
  expression: `time() - rke_dr_${metric} > ${seconds}`,
  fails: ({ value }, now) => now - value > seconds,
  words,
});

/** All checks, in the order in which they are told. */
export const checks: Check[] = [
  {
    ...notOlderThan(
      "RkeDrNotSeen",
      "ready_timestamp_seconds",
      300,
      (s, now) => `${host(s)}: nothing was heard for ${age(s, now)}`,
    ),
    // a host that is gone takes its metrics with it: Prometheus forgets a series 5 minutes after its last sample
    expression: "time() - last_over_time(rke_dr_ready_timestamp_seconds[1d]) > 300",
  },
  mustBeOne("RkeDrHostSilent", "host_answers", (s) => `${host(s)}: doesn't answer the deploy host by SSH`),
  mustBeOne("RkeDrMemberDown", "member_runs", (s) => `${host(s)}: its etcd doesn't run, or doesn't answer`),
  notOlderThan(
    "RkeDrMemberBehind",
    "member_caught_up_timestamp_seconds",
    180,
    (s, now) => `${host(s)}: its etcd lags behind, it had all acknowledged writes last ${age(s, now)} ago`,
  ),
  {
    alert: "RkeDrSnapshotOld",
    metric: "snapshot_timestamp_seconds",
    expression:
      "time() - rke_dr_snapshot_timestamp_seconds > on(cluster, host) group_left() 2 * rke_dr_snapshot_interval_seconds",
    fails: (s, now, all) => {
      const every = all.find((other) => other.metric === "snapshot_interval_seconds" && host(other) === host(s));
      return every !== undefined && now - s.value > 2 * every.value;
    },
    words: (s, now) => `${host(s)}: its newest snapshot is ${age(s, now)} old, one or more were missed`,
  },
  mustBeOne(
    "RkeDrSnapshotFailed",
    "snapshot_last_run_ok",
    (s) => `${host(s)}: the last snapshot of the schedule failed`,
  ),
  mustBeOne(
    "RkeDrSnapshotUnsound",
    "snapshot_sound",
    (s) => `${host(s)}: its newest snapshot hasn't the hash with which it was taken`,
  ),
  notOlderThan(
    "RkeDrRehearsalOld",
    "rehearsal_timestamp_seconds",
    30 * day,
    (s, now) =>
      `${host(s)}: the last rehearsal was ${Math.floor((now - s.value) / day)} days ago, at most 30 are wanted`,
  ),
  mustBeOne("RkeDrRehearsalFailed", "rehearsal_verified", (s) => `${host(s)}: the last rehearsal wasn't verified`),
  {
    alert: "RkeDrCertificateEnds",
    metric: "certificate_end_timestamp_seconds",
    expression: `rke_dr_certificate_end_timestamp_seconds - time() < ${30 * day}`,
    fails: ({ value }, now) => value - now < 30 * day,
    words: (s, now) => `${host(s)}: ${s.labels.file} is valid for ${Math.floor((s.value - now) / day)} more days`,
  },
  {
    alert: "RkeDrDiskFull",
    metric: "disk_free_bytes",
    expression: `rke_dr_disk_free_bytes < ${2 * 1024 ** 3}`,
    fails: ({ value }) => value < 2 * 1024 ** 3,
    words: (s) =>
      `${host(s)}: ${s.labels.folder} has ${Math.round(s.value / 1024 ** 2)} MiB left, a failover sets data aside there`,
  },
  {
    alert: "RkeDrClockOff",
    metric: "clock_offset_seconds",
    expression: "abs(rke_dr_clock_offset_seconds) > 5",
    fails: ({ value }) => Math.abs(value) > 5,
    words: (s) => `${host(s)}: its clock is ${s.value.toFixed(1)} s off that of the deploy host`,
  },
  mustBeOne(
    "RkeDrInstallerMissing",
    "installer_present",
    (s) => `${host(s)}: rke isn't on the PATH of this deploy host`,
  ),
  mustBeOne(
    "RkeDrDeployFileDiffers",
    "deploy_file_same",
    (s) => `${host(s)}: /etc/rke-dr/${s.labels.file} isn't that of ${s.labels.as}, or is missing`,
  ),
  {
    alert: "RkeDrEpochsDiffer",
    metric: "epoch",
    expression: "rke_dr_epoch < on(cluster) group_left() max by (cluster) (rke_dr_epoch)",
    fails: (s, _, all) => all.some((other) => other.metric === "epoch" && other.value > s.value),
    words: (s) => `${host(s)}: is at epoch ${s.value}, other hosts are at a later one`,
  },
];

/** The result of one check for one sample. */
export interface Reading {
  alert: string;
  ok: boolean;
  labels: Record<string, string>;
  value: number;
  words: string;
}

/** One deploy host's answer. */
export interface Readiness {
  ready: boolean;
  /** What keeps a failover from being ready, a sentence each. */
  problems: string[];
  /** Acknowledged writes as old as this may be lost; undefined if neither a member nor a sound snapshot is known. */
  losesAtMostSeconds: number | undefined;
  /** By the last rehearsal; undefined if there was none. */
  takesSeconds: number | undefined;
  readings: Reading[];
}

/** @param now Unix seconds, when the samples were read */
export function readiness(samples: Sample[], now: number): Readiness {
  const readings = checks.flatMap((check) =>
    samples
      .filter((s) => s.metric === check.metric)
      .map((s): Reading => {
        const ok = !check.fails(s, now, samples);
        return { alert: check.alert, ok, labels: s.labels, value: s.value, words: ok ? "" : check.words(s, now) };
      }),
  );
  const valueFor = (metric: string) => samples.find((s) => s.metric === metric)?.value;
  const loses = valueFor("failover_loses_at_most_seconds");
  const problems = [
    ...new Set(readings.filter((r) => !r.ok).map((r) => r.words)),
    ...(loses === undefined
      ? ["neither a member of etcd nor a sound snapshot is known here: a failover has no source"]
      : []),
    ...(valueFor("rehearsal_timestamp_seconds") === undefined
      ? ["there was no rehearsal yet: `npm run rehearse`"]
      : []),
  ];
  return {
    ready: problems.length === 0,
    problems,
    losesAtMostSeconds: loses,
    takesSeconds: valueFor("failover_takes_seconds"),
    readings,
  };
}

/** A failover to this side in one sentence. */
export function failoverWords({ losesAtMostSeconds: loses, takesSeconds: takes }: Readiness): string {
  return [
    `a failover now would lose at most ${loses === undefined ? "an unknown number of seconds" : `${Math.ceil(loses)} s`}`,
    takes === undefined
      ? "; how long it would take isn't known, there was no rehearsal"
      : ` and take about ${Math.ceil(takes)} s, by the last rehearsal`,
  ].join("");
}
