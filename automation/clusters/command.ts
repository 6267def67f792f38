/**
 * `rke-dr clusters`: the failover of all clusters of a project that the loss of a datacenter stops, shown or done, with one report. Ctrl-C ends each cluster's
 * act after its steps that run; the same command goes on with them.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { errorWords, type Outcome, print } from "../../cli/command";
import { asksForHelp } from "../../cli/usage";
import { clustersMarkdown } from "../../evidence/clusters-markdown";
import { clustersHtml } from "../../evidence/clusters-page";
import { type ClusterLine, type ClustersReport, isWell } from "../../evidence/clusters-report";
import type { ActEvent } from "../events";
import type { Clusters, ClustersOptions } from "./clusters";

const usage = `usage: rke-dr clusters preview  --lost DATACENTER [OPTIONS]
       rke-dr clusters failover --lost DATACENTER [OPTIONS]
       rke-dr clusters report   --lost DATACENTER [OPTIONS]

Shows or does the failover of all clusters of the project that the loss of a datacenter stops, several at once, with one report; or reads that
report from the hosts later. A cluster is a stack NAME-failover whose file names its topology (docs/several-clusters.md).

  --project FOLDER    another folder
  --only NAME,NAME    these clusters alone
  --words FILE        the operator's words, one confirmation for each cluster; clusters run in the file's order, those that it lacks don't run
  --write FILE        with preview: writes the words that are missing into a new file, to be read, completed and given to failover
  --at-once N         so many clusters at once (default: four for each processor)
  --steps             names each step as it begins and ends
  --html FILE         writes the report as a page, too
  --json              prints the report as JSON

Exit status: 0; 1 if a cluster failed, or guards other than those for the operator's words stop it; 2 if nothing was run; 130 after Ctrl-C.
`;

const options = {
  project: { type: "string" },
  lost: { type: "string" },
  only: { type: "string" },
  words: { type: "string" },
  write: { type: "string" },
  "at-once": { type: "string" },
  steps: { type: "boolean", default: false },
  html: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

const verbs = ["preview", "failover", "report"] as const;
type Verb = (typeof verbs)[number];

/** Exit status as the usage says. */
export async function clustersCommand(argv: string[]): Promise<Outcome> {
  if (asksForHelp(argv)) return { status: 0, stdout: usage, stderr: "" };
  try {
    return await body(argv);
  } catch (error) {
    return { status: 2, stdout: "", stderr: `${errorWords(error)}\nNothing was run.\n` };
  }
}

async function body([verb, ...argv]: string[]): Promise<Outcome> {
  if (!verbs.some((known) => known === verb)) throw new Error(usage.trimEnd());
  const values = readOptions(verb as Verb, argv);
  // Pulumi's Automation API takes seconds to load: not for words alone
  const { clusters } = await import("./clusters.js");
  const say = progress(verb === "failover", values.steps, () => performance.now() / 1000);
  const act = clusters({
    ...values.chosen,
    commandAt: performance.timeOrigin,
    onEvent: say.event,
    onCluster: say.cluster,
  });
  if (act.beside !== undefined) process.stderr.write(`note: ${act.beside}\n`);
  const signal = cancelBySignal(act, verb as Verb);
  const report = await operation(act, verb as Verb);
  if (values.html !== undefined) writeFileSync(values.html, clustersHtml(report));
  if (values.write !== undefined) writeFileSync(values.write, act.words(report), { mode: 0o600, flag: "wx" });
  const text = [
    clustersMarkdown(report),
    ...(verb === "preview" ? ["", ...afterPreview(act, report, values.write)] : []),
    "",
  ].join("\n");
  const status = signal.asked ? 130 : report.clusters.filter(isAsked(act)).every(isWell) ? 0 : 1;
  return { status, stdout: values.json ? `${JSON.stringify(report, null, 2)}\n` : text, stderr: "" };
}

function readOptions(verb: Verb, argv: string[]) {
  const { project, lost, only, words, "at-once": atOnce, ...rest } = parseArgs({ args: argv, options }).values;
  if (atOnce !== undefined && !/^[1-9]\d{0,2}$/.test(atOnce)) {
    throw new Error(`--at-once: must be a whole number from 1 to 999: ${JSON.stringify(atOnce)}`);
  }
  if (rest.write !== undefined && verb !== "preview") throw new Error("--write: goes with preview alone");
  const chosen: ClustersOptions = {
    ...(project === undefined ? {} : { project }),
    ...(lost === undefined ? {} : { lost }),
    ...(only === undefined ? {} : { only: only.split(",") }),
    ...(words === undefined ? {} : { words }),
    ...(atOnce === undefined ? {} : { atOnce: Number(atOnce) }),
  };
  return { chosen, ...rest };
}

function operation(act: Clusters, verb: Verb): Promise<ClustersReport> {
  switch (verb) {
    case "preview":
      return act.preview();
    case "failover":
      return act.up();
    case "report":
      return act.report();
    default:
      return verb satisfies never;
  }
}

/** Clusters that the operator left out are no reason for a status other than 0. */
const isAsked =
  ({ names }: Clusters) =>
  ({ cluster }: ClusterLine): boolean =>
    names.includes(cluster);

function afterPreview(act: Clusters, report: ClustersReport, written: string | undefined): string[] {
  const stopped = report.clusters.filter((c) => c.outcome === "stopped");
  return [
    ...stopped.map(
      ({ cluster }) => `What stops ${cluster}, and what to do: \`pulumi preview --stack ${cluster}-failover\``,
    ),
    ...(written === undefined
      ? ["The operator's words (`--write FILE` makes this a file):", "", "```yaml", act.words(report).trimEnd(), "```"]
      : [
          `wrote ${written}: read it, complete it, then \`rke-dr clusters failover --lost ${report.lost} --words ${written}\``,
        ]),
  ];
}

function cancelBySignal(act: Clusters, verb: Verb): { asked: boolean } {
  const state = { asked: false };
  const end = () => {
    // a second Ctrl-C ends this process; the acts' own steps end by themselves
    if (state.asked) process.exit(130);
    state.asked = true;
    const what =
      verb === "failover" ? "each act ends after its steps that run now, those that wait don't begin" : "ends";
    process.stderr.write(`${verb}: ${what}; Ctrl-C again doesn't wait for it\n`);
    void act.cancel();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
  return state;
}

/** Pulumi says once for each plugin where it found it. */
const isOfPlugins = /^using pulumi-\S+ from \$PATH/;

/** Lines on standard error with the seconds since the command: each cluster's begin, first write and end; each step only if that is asked for. */
function progress(acts: boolean, steps: boolean, now: () => number) {
  const line = (cluster: string, words: string) =>
    process.stderr.write(`${now().toFixed(1).padStart(6)} s  ${cluster}: ${words}\n`);
  return {
    cluster: (cluster: string, end: ClusterLine | undefined): void =>
      void line(cluster, end ? [end.outcome, ...end.words.map((w) => w.split("\n")[0])].join("; ") : "begins"),
    event: (cluster: string, event: ActEvent): void => {
      if (event.kind === "words" && event.severity === "warning" && !isOfPlugins.test(event.text))
        line(cluster, event.text);
      // of a preview, steps are those that would run
      if (event.kind !== "step" || !acts) return;
      const ended = event.state === "started" ? "begins" : `${event.state} after ${event.seconds.toFixed(1)} s`;
      if (steps || event.state === "failed") line(cluster, `${event.name}: ${ended}`);
      if (event.state === "ended" && event.name.startsWith("first-write-")) line(cluster, "the API takes writes");
    },
  };
}

if (require.main === module) {
  clustersCommand(process.argv.slice(2)).then(print);
}
