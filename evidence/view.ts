import type { Beat, HostProgress, LogLine } from "../plan/facts/progress";
import { allHosts, type Topology } from "../plan/topology/topology";
import { type ActReport, actReport, type ReportedHost, type ReportedStep, type RunningNow } from "./act-report";
import { parseEvidence } from "./evidence";
import type { Gap } from "./targets";
import { headline } from "./words";

/** A host on the page. */
export interface HostView extends ReportedHost {
  /** The host's state in a word or two, and how it is to be taken. */
  state: { words: string; tone: Tone };
  /** More about it, a line each. */
  lines: { words: string; tone: Tone }[];
}

export type Tone = "good" | "bad" | "busy" | "plain";

/** The page about an act: while it runs, and when it is over. */
export interface View {
  cluster: string;
  headline: string;
  tone: Tone;
  /** Sentences below the headline. */
  words: string[];
  /** Undefined if no host has evidence of the act. */
  report: ActReport | undefined;
  gap: Gap | undefined;
  /** Empty if the report was made without the topology. */
  hosts: HostView[];
  steps: ReportedStep[];
  /** False for a report, which doesn't change any more. */
  live: boolean;
}

/** What is known of a host now: its newest reading and the watcher's own time then, or why there is none. Unix milliseconds. */
export type HeardHost = { beat: Beat; heardAt: number } | { silent: string };

/** The page of an act that is over, or of one that this program knows no more about. */
export function reportView(report: ActReport): View {
  const lost = report.lostHosts.join(", ");
  const revision = report.revision === undefined ? "" : ` at revision ${report.revision}`;
  return {
    cluster: report.cluster,
    headline: headline(report),
    tone: toneOf(report),
    words: [
      `${lost} given up; ${report.survivors.join(", ")} went on, by ${report.method} from ${report.source}${revision}.`,
    ],
    report,
    gap: report.gap,
    hosts: (report.hosts ?? []).map((host) => ({ ...host, state: partIn(report, host.name), lines: [] })),
    steps: report.steps,
    live: false,
  };
}

function toneOf({ outcome, firstWriteAt }: ActReport): Tone {
  switch (outcome) {
    case "finished":
      return "good";
    case "failed":
      return "bad";
    case "running":
      return "busy";
    case "unfinished":
      return firstWriteAt === undefined ? "bad" : "busy";
    default:
      return outcome satisfies never;
  }
}

/** A host's part in an act. */
function partIn(report: ActReport, name: string): HostView["state"] {
  if (report.lostHosts.includes(name)) return { words: "given up", tone: "bad" };
  if (report.source === name) return { words: "its data was taken", tone: "good" };
  return report.survivors.includes(name) ? { words: "went on", tone: "good" } : { words: "", tone: "plain" };
}

/** The hosts as a report keeps them. */
export const reportedHosts = (topology: Topology): ReportedHost[] =>
  allHosts(topology).map(({ name, datacenter, address, etcd, roles }) => ({
    name,
    datacenter,
    address,
    roles: [
      ...(etcd === "none" ? [] : [etcd === "learner" ? "etcd, learner" : "etcd"]),
      ...(roles.includes("controlplane") ? ["control plane"] : []),
      ...(roles.includes("worker") ? ["worker"] : []),
    ],
  }));

/**
 * The page while it is watched: the newest act that any host knows.
 *
 * @param heard by host name; a host without an entry hasn't been heard yet
 * @param now the watcher's clock, Unix milliseconds
 * @param servedAt when a kube-apiserver was ready last, as far as the watcher has seen
 */
export function liveView(
  topology: Topology,
  heard: ReadonlyMap<string, HeardHost>,
  now: number,
  servedAt: number | undefined,
): View {
  const hosts = reportedHosts(topology);
  const read = [...heard.values()].flatMap((h) => ("beat" in h ? [{ ...h.beat, heardAt: h.heardAt }] : []));
  const epoch = Math.max(0, ...read.map((r) => r.progress.epoch));
  const told = read.filter((r) => r.progress.epoch === epoch);
  const evidence = told.flatMap((r) => parseEvidence(r.progress.evidence ?? "") ?? [])[0];
  const running = told.flatMap(({ at, progress }) => runningOn(progress, at, epoch));
  const records = told.flatMap((r) => r.progress.steps.filter((s) => s.epoch === epoch));
  const failures = told.flatMap((r) => r.progress.failures.filter((f) => f.epoch === epoch));
  const report = evidence && actReport(evidence, records, failures, { hosts, running, now });
  const { words, ...head } = headOf(report, epoch, told[0]?.progress.act, running);
  const silent = hosts.filter(({ name }) => isSilent(heard.get(name)));
  const serves = read.some((r) => r.progress.serves.api);
  return {
    cluster: topology.cluster,
    ...head,
    tone: head.tone === "plain" && silent.length > 0 ? "bad" : head.tone,
    words: [...words, ...silentWords(silent, report), ...(heard.size === 0 ? ["No host has been heard yet."] : [])],
    report,
    gap: report ? report.gap : gapSeen(serves, servedAt, now),
    hosts: hosts.map((host) => ({ ...host, ...stateOf(host, heard.get(host.name), report, epoch) })),
    steps: report ? report.steps : stepsWithoutPlan(records, failures, running),
    live: true,
  };
}

function headOf(
  report: ActReport | undefined,
  epoch: number,
  act: string | undefined,
  running: RunningNow[],
): Pick<View, "headline" | "tone" | "words"> {
  const runs = running.map((r) => `${r.step} on ${r.host}`).join(", ");
  const now = runs === "" ? [] : [`Runs now: ${runs}.`];
  if (report) {
    const view = reportView(report);
    return { headline: view.headline, tone: view.tone, words: [...view.words, ...now] };
  }
  if (epoch === 0) return { headline: "No act has changed these hosts yet", tone: "plain", words: now };
  // an act's name has its parts behind colons: failover:a:restore:master3
  const name = (act ?? "unknown").split(":").slice(0, 2).join(" of ");
  return runs === ""
    ? { headline: `Nothing runs; the last act was ${name}, epoch ${epoch}`, tone: "plain", words: [] }
    : { headline: `Act ${name}, epoch ${epoch}: under way`, tone: "busy", words: now };
}

/** Hosts that an act has given up are expected to be silent. */
function silentWords(silent: ReportedHost[], report: ActReport | undefined): string[] {
  const unexpected = silent.filter(({ name }) => !report?.lostHosts.includes(name)).map((h) => h.name);
  return unexpected.length === 0 ? [] : [`Without an answer: ${unexpected.join(", ")}.`];
}

const isSilent = (heard: HeardHost | undefined): boolean => heard !== undefined && "silent" in heard;

function gapSeen(serves: boolean, servedAt: number | undefined, now: number): Gap {
  if (serves) return { seconds: 0, words: "a kube-apiserver is ready" };
  return servedAt === undefined
    ? { words: "no kube-apiserver has been ready since this page was opened" }
    : {
        seconds: Math.round((now - servedAt) / 100) / 10,
        words: "so far, since a kube-apiserver was ready last, as this page has seen it",
      };
}

/** The host's steps that run, each with the lines that it has logged since it began; that log has whole seconds. */
function runningOn({ host, running, log }: HostProgress, at: number, epoch: number): RunningNow[] {
  const since = (step: string, from: number) => (line: LogLine) =>
    line.step === step && line.at >= Math.floor(from / 1000) * 1000;
  return running
    .filter((r) => r.epoch === epoch)
    .map(({ step, startedAt }) => ({
      step,
      host,
      startedAt,
      seconds: Math.max(0, (at - startedAt) / 1000),
      said: log.filter(since(step, startedAt)).map((line) => line.text),
    }));
}

/** Acts other than failovers leave no evidence: their steps are those that hosts have recorded. */
function stepsWithoutPlan(
  records: HostProgress["steps"],
  failures: HostProgress["failures"],
  running: RunningNow[],
): ReportedStep[] {
  const planned = new Map(
    [...records, ...failures, ...running].map(({ step, host }) => [`${step} ${host}`, { step, host, words: "" }]),
  );
  const none = { epoch: records[0]?.epoch ?? failures[0]?.epoch ?? 0, planned: [...planned.values()] };
  return actReport({ ...empty, ...none }, records, failures, { running }).steps;
}

const empty = {
  cluster: "",
  act: "",
  lost: "",
  lostHosts: [],
  survivors: [],
  method: "",
  reliedOn: "",
  fences: [],
  source: "",
  dataAsOf: "unknown",
  sources: [],
  guards: [],
  targets: {},
  commandAt: 0,
};

function stateOf(
  { name }: ReportedHost,
  heard: HeardHost | undefined,
  report: ActReport | undefined,
  epoch: number,
): Pick<HostView, "state" | "lines"> {
  const part = report ? partIn(report, name) : undefined;
  if (heard === undefined) return { state: { words: "not heard yet", tone: "plain" }, lines: [] };
  if ("silent" in heard) {
    const why = { words: heard.silent, tone: "plain" as const };
    return part?.tone === "bad"
      ? { state: { words: "given up, silent", tone: "bad" }, lines: [] }
      : { state: { words: "doesn't answer", tone: "bad" }, lines: [why] };
  }
  const { serves, running, epoch: own } = heard.beat.progress;
  const step = running.map((r) => r.step).join(", ");
  const lines = [
    ...(serves.etcd === undefined ? [] : [yesNo(serves.etcd, "etcd reads with a majority", "etcd has no majority")]),
    ...(serves.api === undefined ? [] : [yesNo(serves.api, "the API is ready", "the API isn't ready")]),
    ...(own < epoch && part?.tone !== "bad" ? [{ words: `knows epoch ${own} only`, tone: "plain" as const }] : []),
  ];
  if (part?.tone === "bad") return { state: { words: "given up, but answers", tone: "bad" }, lines };
  if (step !== "") return { state: { words: `runs ${step}`, tone: "busy" }, lines };
  return { state: part ?? { words: "answers", tone: "good" }, lines };
}

const yesNo = (is: boolean, yes: string, no: string): { words: string; tone: Tone } =>
  is ? { words: yes, tone: "good" } : { words: no, tone: "bad" };
