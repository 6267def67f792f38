/** One thing that the drill did, by the drill's clock. */
export interface DrillStep {
  name: string;
  /** Unix milliseconds. */
  startedAt: number;
  seconds: number;
}

/** One thing that had to be true in the end. */
export interface Check {
  what: string;
  ok: boolean;
  found: string;
}

/** The result of a drill's failback. */
export interface FailbackReport {
  returnGuard: "on" | "off";
  /** The returned hosts' old etcd: how long it ran, whether it said that it serves, whether it or its API still runs. */
  returned: { host: string; etcdSeconds: number | undefined; served: boolean; runs: boolean }[];
  /** The whole `pulumi up`. */
  seconds: number;
  longestGapSeconds: number;
  steps: DrillReport["failoverSteps"];
  secondFailover: { epoch: number; rtoSeconds: number | undefined; lost: number } | undefined;
}

/** Writes at the survivor's etcd, up to the moment in which all members were killed. Numbers of keys. */
export interface KillReport {
  acknowledged: number;
  /** Of them, those in the survivor's WAL. */
  held: number;
  /** Of those, gone after the failover. */
  lost: number;
  /** Of those, gone from a copy of the data to which nothing but --force-new-cluster was done. */
  lostByForceAlone: number;
}

/** The result of a drill; `--json` prints it. */
export interface DrillReport {
  verified: boolean;
  /** From the start of the failover's command to the first write that the client saw accepted. */
  rtoSeconds: number | undefined;
  /** Source and method of the recovery, as the failover reports them. */
  recovered: { from: string; method: string };
  /** ISO time: how new the recovered data is, as the failover says. */
  dataAsOf: string | undefined;
  writes: { acknowledged: number; lost: number; lostNumbers: number[] };
  /** Seconds without an accepted write, from the loss of power on; includes the operator's preview. */
  outageSeconds: number | undefined;
  /** Seconds to start etcd and kube-apiserver again on this machine, measured right after; undefined if a failback followed. */
  floorSeconds?: number;
  steps: DrillStep[];
  /** The failover's own steps, as the hosts reported them. */
  failoverSteps: { step: string; host: string; startedAt: string; seconds: number; did: string[] }[];
  checks: Check[];
  standIns: string[];
  /** Set if etcd was killed instead of the power cut alone. */
  killed?: KillReport;
  /** Set if the drill went on to a failback and a second failover. */
  failback?: FailbackReport;
}

const barWidth = 40;

/** The report for a terminal. */
export function reportText(report: DrillReport): string {
  const first = report.steps[0]?.startedAt ?? 0;
  return [
    "",
    report.verified ? "DRILL: verified" : "DRILL: NOT verified",
    "",
    `  recovery time (RTO)   ${seconds(report.rtoSeconds)}  from the failover's command to the first accepted write`,
    `  without a write       ${seconds(report.outageSeconds)}  from the last accepted write before to the first one after`,
    ...(report.floorSeconds === undefined
      ? []
      : [`  the floor             ${seconds(report.floorSeconds)}  etcd and kube-apiserver, killed and started again`]),
    `  recovered from        ${report.recovered.from}, by ${report.recovered.method}`,
    `  data as of            ${report.dataAsOf ?? "unknown"}`,
    `  acknowledged writes   ${report.writes.acknowledged}, lost ${report.writes.lost}${
      report.writes.lost > 0 ? ` (numbers ${report.writes.lostNumbers.slice(0, 10).join(", ")})` : ""
    }`,
    ...(report.killed
      ? [
          `  etcd killed           ${report.killed.acknowledged} writes acknowledged at the survivor, ${report.killed.held} in its WAL: lost ${report.killed.lost}; by force alone ${report.killed.lostByForceAlone}`,
        ]
      : []),
    "",
    "Drill, by its own clock",
    ...bars(report.steps.map((s) => ({ name: s.name, start: s.startedAt - first, length: s.seconds * 1000 }))),
    "",
    "Failover, as the hosts told it",
    ...bars(
      report.failoverSteps.map((s) => ({
        name: `${s.step} on ${s.host}`,
        start: Date.parse(s.startedAt) - Date.parse(report.failoverSteps[0]?.startedAt ?? s.startedAt),
        length: s.seconds * 1000,
      })),
    ),
    ...(report.failback ? failbackText(report.failback) : []),
    "",
    "Checks",
    ...report.checks.map((c) => `  ${c.ok ? "ok  " : "FAIL"}  ${c.what}: ${c.found}`),
    "",
    "Stand-ins",
    ...(report.standIns.length > 0 ? report.standIns.map((s) => `  ${s}`) : ["  none"]),
    "",
  ].join("\n");
}

function failbackText(failback: FailbackReport): string[] {
  const first = failback.steps[0]?.startedAt ?? "";
  return [
    "",
    "Failback, as the hosts told it",
    ...bars(
      failback.steps.map((s) => ({
        name: `${s.step} on ${s.host}`,
        start: Date.parse(s.startedAt) - Date.parse(first),
        length: s.seconds * 1000,
      })),
    ),
    "",
    `  pulumi up             ${seconds(failback.seconds)}  the whole failback`,
    `  longest gap           ${seconds(failback.longestGapSeconds)}  between two accepted writes meanwhile`,
    ...failback.returned.map(
      (r) =>
        `  ${r.host.padEnd(20)}  return guard ${failback.returnGuard}: its old etcd ${
          r.etcdSeconds === undefined ? "" : `ran for ${r.etcdSeconds.toFixed(1)} s and `
        }${r.served ? "SERVED" : "served nothing"}`,
    ),
    ...(failback.secondFailover
      ? [
          `  second failover       ${seconds(failback.secondFailover.rtoSeconds)}  RTO, epoch ${failback.secondFailover.epoch}`,
        ]
      : []),
  ];
}

const seconds = (value: number | undefined): string =>
  value === undefined ? "      never" : `${value.toFixed(1).padStart(9)} s`;

interface Bar {
  name: string;
  /** Milliseconds from the first bar's start. */
  start: number;
  length: number;
}

function bars(list: Bar[]): string[] {
  const end = Math.max(1, ...list.map((b) => b.start + b.length));
  const width = Math.max(0, ...list.map((b) => b.name.length));
  return list.map((bar) => {
    const from = Math.floor((bar.start / end) * barWidth);
    const length = Math.max(1, Math.round((bar.length / end) * barWidth));
    const drawn = `${" ".repeat(from)}${"█".repeat(length)}`.slice(0, barWidth).padEnd(barWidth);
    return `  ${bar.name.padEnd(width)}  ${drawn} ${(bar.length / 1000).toFixed(1).padStart(7)} s`;
  });
}

/** The same as a picture: two timelines, one below the other. */
export function reportSvg(report: DrillReport): string {
  const drill = report.steps.map((s) => ({ name: s.name, start: s.startedAt, length: s.seconds * 1000 }));
  const failover = report.failoverSteps.map((s) => ({
    name: `${s.step} (${s.host})`,
    start: Date.parse(s.startedAt),
    length: s.seconds * 1000,
  }));
  const parts: string[] = [];
  let y = 90;
  for (const [title, list] of [
    ["Drill, by its own clock", drill],
    ["Failover, as the hosts told it", failover],
  ] as const) {
    const begin = Math.min(...list.map((b) => b.start));
    const span = Math.max(1, ...list.map((b) => b.start + b.length - begin));
    parts.push(`<text x="20" y="${y}" class="h">${title}</text>`);
    y += 14;
    for (const bar of list) {
      const x = 340 + ((bar.start - begin) / span) * 470;
      const width = Math.max(2, (bar.length / span) * 470);
      parts.push(
        `<text x="20" y="${y + 13}">${escaped(bar.name)}</text>`,
        `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="16" rx="2"/>`,
        `<text x="${(Math.min(x + width, 810) + 6).toFixed(1)}" y="${y + 13}">${(bar.length / 1000).toFixed(1)} s</text>`,
      );
      y += 22;
    }
    y += 26;
  }
  const verdict = report.verified ? "verified" : "NOT verified";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="${y}" viewBox="0 0 900 ${y}" role="img">`,
    `<title>Drill: ${verdict}</title>`,
    "<style>text{font:13px sans-serif;fill:#222}.t{font-size:20px;font-weight:bold}.h{font-weight:bold}rect{fill:#2b6cb0}.bg{fill:#fff}</style>",
    `<rect class="bg" width="900" height="${y}"/>`,
    `<text x="20" y="34" class="t">Drill: ${verdict}</text>`,
    `<text x="20" y="58">RTO ${report.rtoSeconds?.toFixed(1) ?? "-"} s, ${report.writes.acknowledged} writes acknowledged, ${report.writes.lost} lost, data as of ${escaped(report.dataAsOf ?? "unknown")}</text>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
