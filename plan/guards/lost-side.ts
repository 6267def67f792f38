import {
  attestationRule,
  attestCommand,
  attesting,
  boundWords,
  confirmationText,
  foundAttestation,
  isAttested,
} from "../acts/failover/attestation";
import { answeringHost, fencesDue, fenceWords, recordedFences, serves, unfenced } from "../acts/failover/fence";
import type { FailoverPlan } from "../acts/failover/plan";
import { accepts, differencesFrom, isHash, pinnedHash, type Signing } from "../acts/failover/signing";
import { majorityWithout } from "../etcd/quorum";
import { factsOf, type Observation } from "../facts/observation";
import { voters } from "../topology/order";
import { type Host, hasApi, type Topology } from "../topology/topology";
import { commandsOn } from "./commands";
import { list, problem } from "./verdict";

/** A guard names at most so many lines in which another act differs. */
const differencesShown = 8;

export function confirmationProblems({ settings }: FailoverPlan, signing: Signing): string[] {
  const { confirm } = settings;
  const wanted = confirmationText(settings);
  const hash = pinnedHash(settings);
  if (hash === undefined) {
    return confirm === wanted
      ? []
      : [
          problem(
            `rke-dr:confirm: must be "${wanted}": ${confirm === undefined ? "not set" : `"${confirm}"`}`,
            `\`pulumi config set confirm ${wanted} --stack failover\`, once you have read what \`up\` would do`,
          ),
        ];
  }
  if (isHash(hash) && accepts(signing, hash)) {
    return [];
  }
  const ways = [
    `Once you have read what \`up\` would do: \`pulumi config set confirm ${wanted}:${signing.hash} --stack failover\``,
    `To pin nothing: \`pulumi config set confirm ${wanted} --stack failover\``,
  ];
  return [
    isHash(hash)
      ? problem(
          `rke-dr:confirm: must be the hash of the act that would run, ${signing.hash}: ${hash}`,
          ...differencesFrom(signing, hash, differencesShown),
          ...ways,
        )
      : problem(`rke-dr:confirm: the hash behind the colon must be 32 digits of 0-9 and a-f: "${hash}"`, ...ways),
  ];
}

export function confirmationWords({ settings }: FailoverPlan, signing: Signing): string {
  const act = `the operator confirmed ${confirmationText(settings)}`;
  const hash = pinnedHash(settings);
  if (hash === undefined) {
    return `${act}; nothing was pinned`;
  }
  return hash === signing.hash
    ? `${act}, and pinned the act ${hash}`
    : `${act}, and pinned the act ${hash}, as which it has begun; by what hosts report it is ${signing.hash} now`;
}

/**
 * The operator must attest, or every lost member of etcd must have a fence command; method restore needs neither, and an act whose etcd
 * serves already isn't asked again. A word that is bound to another act is refused in any case.
 */
export function attestationProblems(topology: Topology, plan: FailoverPlan, signing: Signing): string[] {
  const { settings, lostHosts, method } = plan;
  if (plan.stage !== "begins") {
    return [];
  }
  const elsewhere = boundWords(settings).filter(({ hash }) => !accepts(signing, hash));
  if (elsewhere.length > 0) {
    return elsewhere.map(({ by, hash }) =>
      problem(
        `rke-dr:attest: the word${by === undefined ? "" : ` of ${by}`} must be bound to the act that would run, ${signing.hash}: "${hash}"`,
        ...(isHash(hash) ? differencesFrom(signing, hash, differencesShown) : []),
        `Once ${by ?? "you"} have read what \`up\` would do: \`${attestCommand(settings, signing.hash, by)}\``,
      ),
    );
  }
  const left = unfenced(topology, plan);
  const fences = Object.keys(topology.fence).length > 0 ? `, or give topology.fence a command for ${list(left)}` : "";
  // a restored cluster is a new one: a majority that still lives loses nothing by it
  return isAttested(settings) || method === "restore" || left.length === 0
    ? []
    : [
        problem(
          `rke-dr:attest: ${attestationRule(settings, signing.hash)}: ${foundAttestation(settings)}`,
          `It is your word that ${list(lostHosts)} are down and stay down: if they live, a forced cluster loses what they accept`,
          `Once they are: \`${attestCommand(settings, signing.hash)}\`${fences}`,
          ...(plan.resumed
            ? []
            : [
                "Without that word: `pulumi config set --path recover.method restore --stack failover`, a new cluster that refuses their packets",
              ]),
        ),
      ];
}

export function attestationWords(topology: Topology, plan: FailoverPlan, seen: Observation): string {
  const { settings, lostHosts } = plan;
  if (plan.stage !== "begins") {
    return "asked at the act's beginning alone: the recovered etcd serves already";
  }
  const due = fencesDue(topology, plan, seen);
  const done = recordedFences(plan, seen).filter((f) => f.exit === 0 && !due.some((d) => d.host === f.host));
  const attested = isAttested(settings);
  const names = attesting(settings).join(", ");
  return [
    ...(due.length === 0 ? [] : [`\`up\` first fences ${fenceWords(due)}, from this machine`]),
    ...(done.length === 0 ? [] : [`fenced already: ${done.map((f) => f.host).join(", ")}`]),
    ...(attested
      ? [
          `${names === "" ? "the operator attests" : `attested by ${names}`} for ${confirmationText(settings)} that ${list(lostHosts)} are powered off`,
        ]
      : []),
    ...(!attested && due.length + done.length === 0
      ? [
          `nobody attests that ${list(lostHosts)} are down, and method restore doesn't need it: should they live, the return guard, where it is on, stops their etcd and control plane about 15 s after they reach a control plane host here by SSH; until then, and for good where it is off, both clusters go on, apart. What is written to theirs alone is lost at failback`,
        ]
      : []),
  ].join("; ");
}

/**
 * Ports of lost hosts that answer the operator or a survivor, host by host. A host with a fence command may answer, because the fence will
 * power it off; but its etcd and its API must not accept connections: a host that serves isn't lost. Once the recovered etcd serves, a lost
 * host may have power, as one in quarantine has: then it only must not serve.
 */
export function livingProblems(topology: Topology, plan: FailoverPlan, seen: Observation): string[] {
  const { stage, lostHosts } = plan;
  const isProblem = (answer: string) =>
    serves(plan, answer) || (stage === "begins" && topology.fence[answeringHost(answer)] === undefined);
  const heard = [
    ...seen.answers.map((answer) => ({ answer, whom: "the operator" })),
    ...plan.survivors.flatMap((h) => (factsOf(seen, h)?.answers ?? []).map((answer) => ({ answer, whom: h.name }))),
  ].filter(({ answer }) => isProblem(answer));
  const living = lostHosts.flatMap((host) => {
    const ports = portsOf(heard.filter(({ answer }) => answeringHost(answer) === host.name));
    return ports === "" ? [] : [{ host, ports }];
  });
  const names = list(living.map(({ host }) => host));
  const found = living.map(({ host, ports }) => `${host.name} ${ports}`).join("; ");
  return living.length === 0
    ? []
    : [
        problem(
          stage === "begins"
            ? `${plan.settings.lost}: must be silent, as a lost datacenter is: ${found}`
            : `${plan.settings.lost}: must not serve any more: ${found}`,
          ...(stage === "begins"
            ? beforeAnything(topology, plan, names)
            : stopServing(
                topology,
                living.map(({ host }) => host),
                true,
              )),
        ),
      ];
}

/** "port 22 answers the operator, node2; port 2379 refuses node2", by port, however the answers came. */
function portsOf(heard: { answer: string; whom: string }[]): string {
  const byPort = new Map<string, string[]>();
  for (const { answer, whom } of heard) {
    const [, port, how] = answer.split(" ");
    const told = `port ${port} ${how === "refused" ? "refuses" : "answers"}`;
    byPort.set(told, [...(byPort.get(told) ?? []), whom]);
  }
  return [...byPort]
    .sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }))
    .map(([told, whom]) => `${told} ${[...new Set(whom)].join(", ")}`)
    .join("; ");
}

function beforeAnything(topology: Topology, { lostHosts, settings }: FailoverPlan, names: string): string[] {
  const { left, needed } = majorityWithout(topology, settings.lost);
  const missing = needed - left.length;
  const candidates = voters(lostHosts);
  const which = missing === candidates.length ? list(candidates) : `${missing} of ${list(candidates)}`;
  return [
    `Can ${which} serve again? Then start ${missing === 1 ? "it" : "them"}, ${commandsOn(topology, candidates).map((c) => `\`${c.start("etcd")}\``)} there: with a majority of ${needed} etcd goes on, and no failover is needed`,
    `If not: switch ${names} off, then run this again`,
  ];
}

/** Ways to end what serves on hosts of the lost side. @param guarded true if return guards run there, as far as is known */
export const stopServing = (topology: Topology, living: Host[], guarded: boolean): string[] => [
  ...(guarded
    ? [
        "The return guard stops a returned host's etcd and API about 15 s after it reaches a survivor: wait, then run this again",
      ]
    : []),
  ...commandsOn(topology, living).map(
    (c) =>
      `${guarded ? "If it goes on" : "No return guard stops it"}: \`${c.stop(hasApi(topology) ? ["etcd", "kube-apiserver"] : ["etcd"])}\` on ${list(living)}, or switch it off`,
  ),
];

/** After the fences no port of a lost host may answer. */
export const stillAlive = (answers: string[]): string[] =>
  answers.map((a) => `${answeringHost(a)}: must be silent after its fence, port ${a.split(" ")[1]} still answers`);
