import { structuredPatch } from "diff";
import { refusedAddresses } from "../acts/failover/isolation";
import type { FailoverPlan } from "../acts/failover/plan";
import type { PrimaryPlan } from "../acts/primary/plan";
import type { Replacement } from "../acts/steps/replacement";
import type { Observation } from "../facts/observation";
import type { Verdict } from "../guards/verdict";
import { installerOf } from "../installers/installers";
import { argument, commandOf, type Process } from "../runtimes/process";
import type { ScheduledStep } from "../steps/steps";
import { voters } from "../topology/order";
import { describeAside } from "./aside";
import { describeChange } from "./change";
import { describeEnd } from "./end";
import { askedFrom, describeFailback, orderOfPower } from "./failback";
import { describeInventory } from "./inventory";
import { describeMembers } from "./members";
import { describeSources } from "./sources";
import { failoverVerdict, verdictFirst } from "./verdict-first";

/** A failover in words: what preview shows. @param first lines for the head, if there is something to know before all else */
export function describeFailover(
  plan: FailoverPlan,
  verdicts: Verdict[],
  warnings: string[],
  now: number,
  snapshots: string[] = [],
  first: string[] = [],
  backups: string[] = [],
): string {
  const { settings, lostHosts, survivors } = plan;
  if (plan.stage === "over") {
    return [
      ...failoverVerdict(plan, verdicts, now),
      `FAILOVER: epoch ${settings.epoch} is over, nothing is left to do`,
      "",
      ...describeOver(plan),
      "",
      ...describeVerdicts(verdicts, warnings),
    ].join("\n");
  }
  if (plan.majoritySurvives) {
    return [
      ...failoverVerdict(plan, verdicts, now),
      `FAILOVER: nothing to recover from the loss of ${settings.lost}`,
      "",
      ...goingOn(plan),
      "",
      "etcd",
      ...describeSources(plan, now),
      "",
      ...describeVerdicts(verdicts, warnings),
    ].join("\n");
  }
  return [
    ...failoverVerdict(plan, verdicts, now),
    `FAILOVER: datacenter ${settings.lost} is given up (epoch ${settings.epoch}, method ${plan.method})`,
    "",
    ...(first.length === 0 ? [] : [...first, ""]),
    `Hosts removed     ${names(lostHosts)}`,
    `Hosts that remain ${names(survivors)}; ${runsOn(plan)}`,
    "",
    ...describeEnd(plan),
    "Sources",
    ...(plan.sources.length > 0 ? describeSources(plan, now) : ["  none"]),
    ...section("Scheduled snapshots", snapshots),
    ...section("Snapshots that others write", backups),
    ...(plan.etcd ? describeEtcd(plan, plan.etcd) : []),
    ...plan.apiServers.flatMap((api) => describeApiServer(plan, api, plan.finalApiServers)),
    ...(plan.clusterYml.after === ""
      ? []
      : ["", "cluster.yml", ...lineDiff(plan.clusterYml.before, plan.clusterYml.after)]),
    ...describeInventory(plan),
    "",
    "Set aside on the hosts, nothing is deleted",
    ...setAside(plan),
    "",
    orderOfPower,
    "",
    ...describeSteps(plan.steps),
    "",
    ...describeVerdicts(verdicts, warnings),
  ].join("\n");
}

/** A failover that has ended: how the datacenter that was given up comes back. */
export function describeOver(plan: FailoverPlan): string[] {
  const { settings, source, survivors } = plan;
  const { lost, epoch } = settings;
  const now = `  Datacenter ${lost} was given up; etcd runs on ${source?.host.name}, the cluster on ${survivors.map((h) => h.name).join(", ")}.`;
  return [
    now,
    `  ${lost}'s hosts may have power: the return guard keeps their old etcd and API from serving. To bring them back (docs/failback.md):`,
    `    pulumi config set epoch ${epoch + 1} --stack primary`,
    `    pulumi config set confirm primary@${epoch + 1} --stack primary`,
    "    pulumi preview --stack primary",
  ];
}

/** If a majority survives: what the cluster does by itself, and what the operator does instead of a failover. */
function goingOn({ settings, survivors }: FailoverPlan): string[] {
  const left = voters(survivors).map((h) => h.name);
  return [
    `  A majority of etcd's voters remains (${left.join(", ")}) and serves: etcd and the API go on by themselves; API servers that`,
    "  asked a lost member may take half a minute. Kubernetes marks the lost Nodes NotReady and moves their pods.",
    `  Don't force anything. Bring ${settings.lost} back; if its hosts were rebuilt, \`pulumi up --stack primary\` brings their members back.`,
  ];
}

export function describePrimary(
  plan: PrimaryPlan,
  verdicts: Verdict[],
  warnings: string[],
  seen: Observation,
  snapshots: string[] = [],
  backups: string[] = [],
): string {
  const { failback } = plan;
  const from = askedFrom(plan.installer, plan.installerHost);
  return [
    ...verdictFirst(verdicts),
    `PRIMARY: the whole cluster, epoch ${plan.epoch}; ${from}`,
    "",
    ...describeFailback(plan, seen),
    ...(failback && !failback.finished && failback.clusterYml.after !== ""
      ? ["cluster.yml", ...lineDiff(failback.clusterYml.before, failback.clusterYml.after), ""]
      : []),
    ...describeChange(plan.change, plan.membership),
    // a failback removes no member that the topology lacks
    ...describeMembers(
      plan.membership,
      seen.at,
      failback && !failback.finished ? { ...plan.change, unknown: plan.membership.strangers } : plan.change,
    ),
    "",
    ...describeAside(plan.hosts, seen),
    ...describeSteps(plan.steps, failback?.nextFailure),
    ...section("Scheduled snapshots", snapshots),
    ...section("Snapshots that others write", backups),
    "",
    ...describeVerdicts(verdicts, warnings),
  ].join("\n");
}

const section = (title: string, lines: string[]): string[] =>
  lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];

const runsOn = ({ site, deployHost }: FailoverPlan): string => askedFrom(site.installer, deployHost);

const names = (hosts: { name: string; address: string }[]): string =>
  hosts.map((h) => `${h.name} (${h.address})`).join(", ");

function describeEtcd(plan: FailoverPlan, etcd: Replacement): string[] {
  const before = [...(etcd.before?.entrypoint ?? []), ...(etcd.before?.cmd ?? [])];
  return [
    "",
    `etcd on ${etcd.host.name}`,
    ...changes(before, [...etcd.after.entrypoint, ...etcd.after.cmd]),
    ...(plan.method === "restore"
      ? [
          "  a new cluster, by `snapshot restore` under a token of its own; members of the old cluster and it ignore each other",
          `  refuses ${refusedAddresses(plan.lostHosts).join(", ")} at ports 2379 and 2380, after reboots too, until failback`,
        ]
      : [
          "  with a copy of its data that --force-new-cluster has made a cluster of one, beforehand, in a container without network",
          "  (where no copy can be made: with its data itself, forced once); that flag is gone before the step ends",
        ]),
    ...likePlan(plan, etcd),
  ];
}

/** @param later the same after the other members have joined; empty if none do */
function describeApiServer(plan: FailoverPlan, api: Replacement, later: Replacement[]): string[] {
  const of = (command: string[] | undefined) => argument(command ?? [], "etcd-servers") ?? "unknown";
  const servers = (process: Process) => of(commandOf(process));
  if (api.body === "") {
    return [
      "",
      `kube-apiserver on ${api.host.name}`,
      `    --etcd-servers=${servers(api.after)}`,
      "  stays as it is; it is begun anew, without the back-off that it is in, as soon as that etcd serves",
      ...likePlan(plan, api),
    ];
  }
  const final = later.find((r) => r.host.name === api.host.name);
  return [
    "",
    `kube-apiserver on ${api.host.name}`,
    `  - --etcd-servers=${api.before ? servers(api.before) : "unknown"}`,
    `  + --etcd-servers=${servers(api.after)}${final ? ", from the first write until all members have joined" : ""}`,
    ...(final ? [`  + --etcd-servers=${servers(final.after)}, from then on`] : []),
    ...likePlan(plan, final ?? api),
  ];
}

function changes(before: string[], after: string[]): string[] {
  const lines = [...after].sort().map((arg) => {
    const name = arg.split("=")[0];
    const old = before.find((b) => b.split("=")[0] === name);
    return old === arg ? `    ${arg}` : [...(old === undefined ? [] : [`  - ${old}`]), `  + ${arg}`].join("\n");
  });
  const gone = before.filter((b) => !after.some((a) => a.split("=")[0] === b.split("=")[0]));
  return [...lines, ...gone.map((arg) => `  - ${arg}`)];
}

function likePlan({ site }: FailoverPlan, replacement: Replacement): string[] {
  const { program, title } = installerOf(site);
  if (program === undefined) {
    return replacement.unlikePlan.length === 0
      ? [`  equal to what ${title} plans`]
      : [
          `  otherwise than ${title} plans from this topology, and kept so (- ${title}'s, + as it runs):`,
          ...replacement.unlikePlan.map((line) => `    ${line}`),
        ];
  }
  return replacement.unlikePlan.length === 0
    ? ["  equal to what RKE plans: rke up will leave it alone"]
    : [
        "  NOT what RKE plans from this topology; rke up will recreate it (- RKE's, + as it runs):",
        ...replacement.unlikePlan.map((line) => `    ${line}`),
      ];
}

/** Changed lines with two lines around them. */
export function lineDiff(before: string, after: string): string[] {
  const { hunks } = structuredPatch("before", "after", before, after, "", "", { context: 2 });
  return hunks.length === 0
    ? ["  unchanged"]
    : hunks.flatMap((hunk) => [`  @@ line ${hunk.oldStart}`, ...hunk.lines.map((line) => `  ${line}`)]);
}

export function setAside(plan: FailoverPlan): string[] {
  const { epoch } = plan.settings;
  const source = plan.etcd?.host.name;
  return [
    ...(source
      ? [
          `  ${source}: container etcd as etcd-before-epoch-${epoch}; the whole old data in /var/lib/etcd/before-epoch-${epoch}${plan.method === "restore" ? `, the snapshot in /var/lib/rke-dr/epoch-${epoch}` : ""}`,
        ]
      : []),
    ...plan.others.map(
      (host) => `  ${host.name}: container etcd as etcd-before-epoch-${epoch}; its old data when it joins anew`,
    ),
    ...plan.apiServers
      .filter((a) => a.body !== "")
      .map((a) => `  ${a.host.name}: container kube-apiserver as kube-apiserver-before-epoch-${epoch}`),
    ...(plan.clusterYml.after === ""
      ? []
      : [`  ${plan.deployHost.name}: /etc/rke-dr/cluster.yml and cluster.rkestate, each as *.before-epoch-${epoch}`]),
  ];
}

/** @param nextFailure by step name: what the loss of one more host costs until that step is done; printed when it changes */
function describeSteps(steps: ScheduledStep[], nextFailure: Record<string, string> = {}): string[] {
  if (steps.length === 0) {
    return ["Steps: none can be planned"];
  }
  const lines = ["Steps (done: recorded on the host, and still so)"];
  let told: string | undefined;
  for (const s of steps) {
    const cost = nextFailure[s.name];
    if (s.due && cost !== undefined && cost !== told) lines.push(`         ${cost}:`);
    lines.push(`  ${s.due ? "to do" : "done "}  ${s.name.padEnd(24)} ${s.words}`);
    told = cost ?? told;
  }
  return lines;
}

export function describeVerdicts(verdicts: Verdict[], warnings: string[]): string[] {
  const failed = verdicts.filter((v) => !v.ok).length;
  return [
    failed === 0 ? "Guards: all hold" : `Guards: ${failed} stop \`pulumi up\``,
    ...verdicts.flatMap((v) =>
      v.ok
        ? [`  ${v.unknown ? "?   " : "ok  "}  ${v.guard}: ${v.found}`]
        : v.problems.map((problem) => `  STOP  ${v.guard}: ${problem.split("\n").join("\n          ")}`),
    ),
    ...warnings.map((w) => `  note  ${w}`),
  ];
}
