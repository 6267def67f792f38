import type { FailoverPlan } from "../acts/failover/plan";
import { majorityWithout } from "../etcd/quorum";
import type { Source } from "../etcd/source";
import { compareLogs, matchesSelection } from "../etcd/sources";
import { factsOf, type Observation } from "../facts/observation";
import { installerOf } from "../installers/installers";
import { lostBy } from "../steps/act";
import { survivors } from "../topology/order";
import type { Host, Topology } from "../topology/topology";
import { majorityProblem } from "./majority";
import { list, problem, type Verdict, verdict } from "./verdict";

/** A cluster that has quorum needs no recovery, and forcing one would throw the other members out. */
export function quorum(topology: Topology, plan: FailoverPlan, seen: Observation): Verdict {
  const { words } = majorityWithout(topology, plan.settings.lost);
  const alive = plan.sources.find((s) => s.etcd?.quorum);
  const kept = majorityProblem(topology, plan.settings.lost, plan.sources, seen);
  const problems: string[] = [];
  if (kept !== undefined) {
    problems.push(kept);
  } else if (alive && !plan.resumed) {
    problems.push(
      problem(
        `${alive.host.name}: its etcd must have lost its quorum: it answers a linearizable read, the cluster still has quorum`,
        ...serving(plan, alive.host, seen),
      ),
    );
  }
  return verdict("quorum is lost", problems, plan.resumed ? `${words}; this act has begun already` : words);
}

/** An earlier failover that serves is followed by a failback, not by another failover. */
function serving({ settings, site }: FailoverPlan, host: Host, seen: Observation): string[] {
  const facts = factsOf(seen, host);
  const before = lostBy(facts?.act);
  return before !== undefined && facts !== undefined && facts.epoch < settings.epoch
    ? [
        `Epoch ${facts.epoch} has given up ${before} already, and ${host.name} serves. If it isn't over: \`pulumi config set epoch ${facts.epoch} --stack failover\`, \`pulumi up --stack failover\``,
        `To bring ${before} back: \`pulumi config set epoch ${facts.epoch + 1} --stack primary\` (docs/failback.md)`,
      ]
    : [
        `No failover: more voters live than you think. \`${installerOf(site).etcdctl("member list")}\` on ${host.name} names them: find them, don't force`,
      ];
}

export function sourceProblems(topology: Topology, plan: FailoverPlan): string[] {
  const { source, sources, settings } = plan;
  const left = survivors(topology, settings.lost);
  if (!source) {
    const refused = sources.filter((s) => matchesSelection(s, settings.from)).map(refusal);
    const rest = sources.find((s) => s.problems.length === 0);
    return [
      problem(
        refused.length > 0 ? refused.join("; ") : nothingSelected(plan, left),
        ...(rest
          ? [
              `Next best: ${called(rest)}${lackOf(rest, plan)}${lossOf(rest)}: \`pulumi config set --path recover.from ${rest.name} --stack failover\``,
            ]
          : [
              "Copy a snapshot to a surviving host and name its path: `pulumi config set --path recover.from /root/FILE.db --stack failover`",
              `Or bring a voter of ${settings.lost} back`,
            ]),
      ),
    ];
  }
  return [];
}

function nothingSelected({ settings }: FailoverPlan, left: Host[]): string {
  return settings.from === "auto"
    ? `source: a voter, a learner or a snapshot must survive the loss of ${settings.lost}: nothing to recover from on ${list(left)}`
    : `rke-dr:recover.from: something of that name or kind must survive the loss of ${settings.lost}: "${settings.from}"`;
}

export function sourceWords(plan: FailoverPlan): string {
  const { source, sources, settings } = plan;
  if (!source) {
    return "none";
  }
  const state =
    source.revision !== undefined ? `revision ${source.revision}` : "its etcd doesn't answer, its data folder is taken";
  // NOSPACE doesn't stop the act: only a cluster with quorum can free space, and on-host/lib/etcd/space.sh does so afterwards
  const full = source.etcd?.complaints?.some((words) => words.includes("NOSPACE"))
    ? "; its space is used up (alarm NOSPACE): its history is compacted, it is defragmented, the alarm disarmed"
    : "";
  // refused snapshots stand in the table of sources; refused members are repeated here, because they may have newer data
  const refused = sources.filter(
    (s) => s.problems.length > 0 && s.kind !== "snapshot" && matchesSelection(s, settings.from),
  );
  return [`${called(source)}: ${state}${lackOf(source, plan)}${lossOf(source)}${full}`, ...refused.map(refusal)].join(
    "; ",
  );
}

const refusal = (source: Source): string => `${called(source)} is refused: ${source.problems.join(", ")}`;
const called = (source: Source): string =>
  source.kind === "snapshot"
    ? `snapshot ${source.name} on ${(source.keptOn ?? source.host).name}`
    : `${source.host.name}, a ${source.kind}`;

/** Only for a snapshot: how many writes a member lacks can't be known without the lost voters. */
const lossOf = ({ kind, dataAsOf }: Source): string =>
  kind === "snapshot" && dataAsOf !== undefined
    ? `; what was written after ${new Date(dataAsOf).toISOString()} is lost`
    : "";

/** How far the chosen source is behind the newest known one, in revisions and seconds. */
function lackOf(source: Source, { sources }: FailoverPlan): string {
  const lack = (value: (s: Source) => number | undefined) => {
    const newest = Math.max(...sources.map((s) => value(s) ?? 0));
    return value(source) === undefined ? 0 : newest - (value(source) ?? 0);
  };
  const revisions = lack((s) => s.revision);
  const seconds = Math.round(lack((s) => s.dataAsOf) / 1000);
  const longer = sources.find((s) => s.problems.length === 0 && isShorter(source, s));
  return [
    ...(revisions > 0 || seconds > 0 ? [`, ${revisions} revisions and ${seconds} s behind the newest source`] : []),
    ...(longer ? [`; ${longer.host.name} has entries that its WAL lacks`] : []),
  ].join("");
}

/** True if both are members and the WAL of `a` ends before that of `b`. */
const isShorter = (a: Source, b: Source): boolean =>
  a.kind !== "snapshot" && b.kind !== "snapshot" && a.logEnd !== undefined && compareLogs(a, b) < 0;
