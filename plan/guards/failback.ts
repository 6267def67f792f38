import { type Failback, failbackWord } from "../acts/failback/failback";
import { isTrusted, withQuorum } from "../acts/failback/living-cluster";
import { failbackConfirmation, onlyThere } from "../acts/failback/only-there";
import type { PrimaryPlan } from "../acts/primary/plan";
import { factsOf, type Observation } from "../facts/observation";
import { installerOf } from "../installers/installers";
import { type AdoptedCluster, endedCertificates } from "../installers/rke/adopted";
import { isRunning } from "../runtimes/running";
import type { RuntimeCommands } from "../runtimes/runtime";
import { voters } from "../topology/order";
import { inPeace } from "../topology/site";
import { type Host, hasApi, type Topology } from "../topology/topology";
import { stopServing } from "./lost-side";
import { list, problem, type Verdict, verdict } from "./verdict";

/** Guards of a failback; empty if no datacenter is to be brought back. */
export function failbackGuards(
  topology: Topology,
  plan: PrimaryPlan,
  seen: Observation,
  confirm: string | undefined,
  adopted: AdoptedCluster | undefined,
): Verdict[] {
  const { failback } = plan;
  if (!failback || failback.finished) {
    return [];
  }
  const { program, runName, runtimeOn } = installerOf(topology);
  const run = runName(failback.deployHost)?.replace(`-${failback.deployHost.name}`, "");
  return [
    confirmationVerdict(topology, failback, seen, confirm),
    verdict(
      "the failover is over",
      failoverProblems(failback, run, seen),
      `epoch ${failback.from.epoch} is verified on ${failback.deployHost.name}`,
    ),
    verdict(
      "the returned side is silent",
      servingProblems(topology, failback, seen),
      `no etcd of ${failback.from.lost}'s own serves`,
    ),
    verdict(
      "etcd has quorum",
      quorumProblems(failback, seen, (host) => runtimeOn(host).commands),
      `${list(withQuorum(failback, seen))} answers a linearizable read`,
    ),
    ...(program === undefined ? [] : installerGuards(topology, failback, seen, adopted)),
    verdict("roles", roleProblems(plan), roleWords(failback)),
  ];
}

/** The longer word, which names what is given up, is good for the shorter one, too: as when a rerun finds that side's data set aside. */
function confirmationVerdict(
  topology: Topology,
  failback: Failback,
  seen: Observation,
  confirm: string | undefined,
): Verdict {
  const wanted = failbackConfirmation(failback, seen);
  const given = confirm === wanted || (confirm?.startsWith(`${wanted}-without-`) ?? false);
  const there = wanted === failbackWord(failback.epoch) ? undefined : onlyThere(failback, seen);
  const { lost } = failback.from;
  return verdict(
    "confirmation",
    given
      ? []
      : [
          problem(
            `rke-dr:confirm: must be "${wanted}": ${confirm === undefined ? "not set" : `"${confirm}"`}`,
            ...(there
              ? [
                  `${lost} went on after the loss: its writes up to revision ${there.revision}${there.written === undefined ? "" : `, the last of ${new Date(there.written).toISOString()}`}, are set aside and not merged${hasApi(topology) ? `; \`npm run -s lost -- --epoch ${failback.from.epoch}\` names them` : ""}`,
                ]
              : []),
            `\`pulumi config set confirm ${wanted} --stack primary\`, once you have read what \`up\` would do`,
          ),
        ],
    `the operator confirmed ${confirm}`,
  );
}

/** Guards of a failback that ends with a run of the installer, from files of its own. */
const installerGuards = (
  topology: Topology,
  failback: Failback,
  seen: Observation,
  adopted: AdoptedCluster | undefined,
): Verdict[] => [
  verdict(
    "what RKE knew",
    stateProblems(failback, seen),
    `cluster.rkestate from before epoch ${failback.from.epoch} is on ${failback.deployHost.name}`,
  ),
  verdict(
    "certificates",
    adopted ? endedProblems(topology, adopted, seen) : [],
    adopted ? "those of rke-dr:adopted are valid" : "this program's own",
  ),
];

/** An unfinished failover must be finished first, by the same command as before. @param run the step that runs the installer, if any does */
function failoverProblems(
  { from, deployHost, resumed }: Failback,
  run: string | undefined,
  seen: Observation,
): string[] {
  const steps: Record<string, { epoch: number } | undefined> | undefined = factsOf(seen, deployHost)?.steps;
  const wanted = [...(run === undefined ? [] : [run]), "verify"];
  return resumed || !steps || wanted.every((name) => steps[name]?.epoch === from.epoch)
    ? []
    : [
        problem(
          `${deployHost.name}: the failover of epoch ${from.epoch} must be over: ${run === undefined ? "its step verify isn't recorded" : `its steps ${run} and verify aren't both recorded`}`,
          `\`pulumi config set epoch ${from.epoch} --stack failover\`, \`pulumi up --stack failover\`, then this again`,
          `${from.lost} may keep its power meanwhile, as long as its etcd and API don't serve`,
        ),
      ];
}

/**
 * A returned side whose old etcd has a majority takes writes, which the failback would give up without a word. After the step quarantine what runs there is
 * this failback's own.
 */
function servingProblems(topology: Topology, failback: Failback, seen: Observation): string[] {
  const { epoch, from, returned } = failback;
  const trusted = isTrusted(failback, seen);
  const serving = returned.filter((host) => {
    const facts = factsOf(seen, host);
    return facts?.etcd?.quorum && !trusted(host) && facts.steps.quarantine?.epoch !== epoch;
  });
  // its kube-apiserver serves by that etcd; a guard stops both on its host alone
  const to = returned.filter((host) => isStillOn(host, seen));
  return serving.length === 0
    ? []
    : [
        problem(
          `${from.lost}: must not serve any more: etcd on ${list(serving)} answers linearizable reads, and takes writes that the failback gives up`,
          ...stopServing(
            topology,
            to.length > 0 ? to : serving,
            serving.every((host) => isGuarded(host, seen)),
          ),
        ),
      ];
}

const isStillOn = (host: Host, seen: Observation): boolean =>
  ["etcd", "kube-apiserver"].some((name) => isRunning(factsOf(seen, host)?.processes[name]));

const isGuarded = (host: Host, seen: Observation): boolean => isRunning(factsOf(seen, host)?.processes["rke-dr-guard"]);

/** A killed run of this failback may have left the survivor's etcd stopped: then the members that this failback has made have the quorum. */
function quorumProblems(failback: Failback, seen: Observation, commands: (host: Host) => RuntimeCommands): string[] {
  const { survivors, epoch } = failback;
  const aside = `etcd-before-epoch-${epoch}`;
  const without = survivors.filter((h) => {
    const processes = factsOf(seen, h)?.processes;
    return processes?.[aside] && !processes.etcd;
  });
  return withQuorum(failback, seen).length > 0
    ? []
    : [
        problem(
          `etcd: a survivor, or a member that this failback has made, must answer a linearizable read: none does (${list(survivors)})`,
          ...survivors
            .filter((h) => h.etcd !== "none")
            .map((h) => `\`${commands(h).start("etcd")}\` on ${h.name}, then \`up\` again`),
          ...without.map((h) => `On ${h.name} it is set aside: \`${commands(h).bringBack(aside, "etcd")}\``),
        ),
      ];
}

function stateProblems({ epoch, from, deployHost }: Failback, seen: Observation): string[] {
  const files = factsOf(seen, deployHost)?.deploy?.files;
  const wanted = `cluster.rkestate.before-epoch-${from.epoch}`;
  const taken = factsOf(seen, deployHost)?.steps["rke-state-back"]?.epoch === epoch;
  return files && !taken && !files.includes(wanted)
    ? [
        problem(
          `${deployHost.name}: /etc/rke-dr/${wanted} must be there, what RKE knew of the returned hosts: missing`,
          `Copy it there from a backup of ${deployHost.name}, or cluster.rkestate of the returned deploy host under that name`,
        ),
      ]
    : [];
}

/** `rke up` gives every host the secret's certificates; they may have been renewed on the hosts since it was set. */
const endedProblems = (topology: Topology, adopted: AdoptedCluster, seen: Observation): string[] =>
  endedCertificates(adopted, installerOf(topology).certificates(inPeace(topology)), seen.at).map(({ name, end }) =>
    problem(
      `rke-dr:adopted: each certificate must be valid, it would be given to the hosts: ${name} ended ${end}`,
      "Set the secret anew from the newest state, /etc/rke-dr/cluster.rkestate of the deploy host: `pulumi config set --secret adopted --stack primary <cluster.rkestate`",
    ),
  );

function roleProblems({ failback }: PrimaryPlan): string[] {
  const { survivors = [], demoted, from } = failback ?? {};
  if (voters(survivors).length > 0) {
    return [];
  }
  if (!demoted) {
    return [
      problem(
        `roles: a survivor must be a voter, or be recorded as the host of the recovered etcd of epoch ${from?.epoch}: none is`,
        "Write `etcd: learner` into Pulumi.yaml for the host that runs etcd now",
      ),
    ];
  }
  return demoted.etcd === "learner"
    ? []
    : [
        problem(
          `${demoted.name}: the host of the recovered etcd must be a voter or a learner by the topology: ${demoted.etcd}`,
          `Write \`etcd: learner\` for ${demoted.name} into Pulumi.yaml`,
        ),
      ];
}

const roleWords = ({ demoted }: Failback): string =>
  `each voter of the topology becomes a voter again${demoted ? `, and ${demoted.name} a learner` : ""}`;
