import { createHash } from "node:crypto";
import { diffArrays } from "diff";
import type { StepName } from "../../steps/names";
import type { ScheduledStep } from "../../steps/steps";
import { type Host, sshLogin, type Topology } from "../../topology/topology";
import type { FailoverPlan } from "./plan";

/** The text of a step's script as it is sent to a host, with everything that it needs. */
export type ScriptOf = (script: StepName, host: Host) => string;

/**
 * What a failover would run on which host, as text: the same act gives the same text, in peace, after the disaster, and in a rerun. Left
 * out is what changes by itself: revisions, ages, generations, the steps that are done already, the newest snapshot's name if the program
 * chose it, and the operator's words. The evidence that the steps claim and report take with them is no part of it either.
 *
 * A line that begins at the margin is a heading; the lines below it are indented. A text ends with a newline.
 */
export function actText(topology: Topology, plan: FailoverPlan, scriptOf: ScriptOf): string {
  const { settings, method, source, lostHosts, survivors, deployHost } = plan;
  const steady = withoutNewestSnapshot(plan);
  const { bastion } = topology.ssh;
  const text = [
    "rke-dr act, form 1: what `pulumi up --stack failover` runs. The act's hash is SHA-256 of this text, its first 32 digits.",
    `cluster ${topology.cluster}`,
    `  installer ${topology.installer}`,
    `failover of ${settings.lost}, epoch ${settings.epoch}`,
    `  method ${method}`,
    `  source ${source === undefined ? "none" : `${source.kind} ${steady(source.name)} on ${source.host.name}`}`,
    `  steps run from ${deployHost.name}`,
    "hosts given up",
    ...lostHosts.map((h) => `  ${h.name} ${h.address} ${h.internalAddress}`),
    "hosts that remain",
    ...survivors.map((h) => `  ${h.name} ${h.address} ${h.internalAddress}, etcd ${h.etcd}`),
    ...section(
      "fence commands, on the operator's machine",
      lostHosts.flatMap((h) => (topology.fence[h.name] === undefined ? [] : [`${h.name}: ${topology.fence[h.name]}`])),
    ),
    ...section(
      "command that moves the name of the API, on the operator's machine",
      topology.endpoint ? [topology.endpoint.move] : [],
    ),
    ...section(
      "bastion",
      bastion ? [`${bastion.user ?? topology.ssh.user}@${bastion.host}:${bastion.port} ${bastion.hostKey}`] : [],
    ),
    ...plan.steps.flatMap((step) => stepLines(topology, plan, step, scriptOf)).map(steady),
  ];
  return `${text.join("\n")}\n`;
}

/** The hash of an act: 32 digits of 0-9 and a-f. */
export const actHash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 32);

/** Changed lines from one act's text to another's, each as `HEADING: - line` or `HEADING: + line`. */
export function actDifferences(before: string, after: string): string[] {
  let heading = "";
  return diffArrays(before.split("\n"), after.split("\n")).flatMap(({ added, removed, value }) =>
    value.flatMap((line) => {
      if (!line.startsWith(" ") && line !== "") heading = line;
      return added || removed ? [`${heading}: ${added ? "+" : "-"} ${line.trim()}`] : [];
    }),
  );
}

const section = (title: string, lines: string[]): string[] =>
  lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];

function stepLines(topology: Topology, plan: FailoverPlan, step: ScheduledStep, scriptOf: ScriptOf): string[] {
  const { host, script } = step;
  const { user, port } = sshLogin(topology.ssh, host);
  const sum = (name: StepName) => `${name} ${actHash(scriptOf(name, host))}`;
  return [
    `step ${step.name}`,
    `  on ${user}@${host.address}:${port}, host key ${host.hostKey}, at most ${step.limit} s, act ${plan.act}`,
    `  script ${sum(script)}`,
    ...step.after.map((name) => `  after ${name}${step.beside?.includes(name) ? ", waits for it on the host" : ""}`),
    ...argumentsOf(plan, step).map((argument) => `  argument ${argument}`),
    ...(step.onwardUsers ?? []).map((user) => `  user on other hosts ${user}`),
    ...dataLines(step.data),
    ...(step.onEach ?? []).flatMap((each) => [
      `  on each: script ${sum(each.script)}, at most ${each.limit} s`,
      ...dataLines(each.data),
    ]),
  ];
}

/**
 * The arguments of a step. Those of step `source` (on-host/steps/source.sh) begin with what is taken and have as the fourth one the least
 * revision that it must have: of a member's data both depend on how its etcd answers at that moment.
 */
function argumentsOf({ source }: FailoverPlan, step: ScheduledStep): string[] {
  return step.script === "source" && source?.kind !== "snapshot"
    ? step.arguments.map((argument, i) => (i === 0 ? "(the member's data)" : i === 3 ? "(least revision)" : argument))
    : step.arguments;
}

/** Lines of a claim that change by themselves, or are the operator's word. */
const changing = /^(dataAsOf|revision|attest|take|least)=/;

/** A container's body, JSON on one line, takes a line for each of its values, so that a difference names the value. */
const dataLines = (data: string): string[] =>
  data === ""
    ? []
    : data
        .split("\n")
        .filter((line) => !changing.test(line))
        .flatMap((line) => `data ${spread(line)}`.split("\n"))
        .map((line) => `  ${line}`);

function spread(line: string): string {
  try {
    return line.startsWith("{") ? JSON.stringify(JSON.parse(line), withoutEmpty, 1) : line;
  } catch {
    return line;
  }
}

/** Values without a content are left out: once its daemon was restarted, docker reports [] where it reported null before ("Dns"). */
function withoutEmpty(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).filter(
      ([, inner]) => inner !== null && !(typeof inner === "object" && Object.keys(inner).length === 0),
    ),
  );
}

/** The newest snapshot is another file each hour: its path counts only if the operator has named it. */
function withoutNewestSnapshot({ source, settings }: FailoverPlan): (text: string) => string {
  const chosen = source?.kind === "snapshot" && settings.from !== source.name ? source.name : undefined;
  return (text) => (chosen === undefined ? text : text.replaceAll(chosen, "(the newest snapshot)"));
}
