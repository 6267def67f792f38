import {
  attestCommand,
  confirmationText,
  foundAttestation,
  isAttested,
  wantedAttestation,
} from "../acts/failover/attestation";
import { answeringHost, fencesDue, fenceWords, recordedFences, serves, unfenced } from "../acts/failover/fence";
import type { FailoverPlan } from "../acts/failover/plan";
import { factsOf, type Observation } from "../facts/observation";
import type { Topology } from "../topology/topology";
import { list } from "./verdict";

export function confirmationProblems({ settings }: FailoverPlan): string[] {
  const { confirm } = settings;
  const found = confirm === undefined ? "not set" : `"${confirm}"`;
  return confirm === confirmationText(settings)
    ? []
    : [`rke-dr:confirm must be "${confirmationText(settings)}", it is ${found}`];
}

/** The operator must attest, or every lost member of etcd must have a fence command; method restore needs neither. */
export function attestationProblems(topology: Topology, plan: FailoverPlan): string[] {
  const { settings, lostHosts, method } = plan;
  const left = unfenced(topology, plan);
  const fences = Object.keys(topology.fence).length > 0 ? ` (or topology.fence a command for ${list(left)}, too)` : "";
  // a restored cluster is a new one: a majority that still lives loses nothing by it
  return isAttested(settings) || method === "restore" || left.length === 0
    ? []
    : [
        `rke-dr:attest must be "${wantedAttestation(settings)}" (the operator's word that ${list(lostHosts)} are down and stay down), it is ${foundAttestation(settings)}: \`${attestCommand(settings)}\` gives it${fences}; if they live, a forced cluster loses what they accept. Without that word: recover: {method: restore}, a new cluster that refuses their packets`,
      ];
}

export function attestationWords(topology: Topology, plan: FailoverPlan, seen: Observation): string {
  const { settings, lostHosts } = plan;
  const due = fencesDue(topology, plan, seen);
  const done = recordedFences(plan, seen).filter((f) => f.exit === 0 && !due.some((d) => d.host === f.host));
  const attested = isAttested(settings);
  return [
    ...(due.length === 0 ? [] : [`\`up\` first fences ${fenceWords(due)}, from this machine`]),
    ...(done.length === 0 ? [] : [`fenced already: ${done.map((f) => f.host).join(", ")}`]),
    ...(attested
      ? [`the operator attests for ${confirmationText(settings)} that ${list(lostHosts)} are powered off`]
      : []),
    ...(!attested && due.length + done.length === 0
      ? [
          `nobody attests that ${list(lostHosts)} are down, and method restore doesn't need it: should they live, the return guard, where it is on, stops their etcd and control plane about 15 s after they reach a control plane host here by SSH; until then, and for good where it is off, both clusters go on, apart. What is written to theirs alone is lost at failback`,
        ]
      : []),
  ].join("; ");
}

/**
 * Ports of lost hosts that answer the operator or a survivor. A host with a fence command may answer, because the fence will power it
 * off; but its etcd and its API must not accept connections: a host that serves isn't lost.
 */
export function livingProblems(topology: Topology, plan: FailoverPlan, seen: Observation): string[] {
  const problem = (answer: string) => serves(plan, answer) || topology.fence[answeringHost(answer)] === undefined;
  const told = (answer: string, whom: string) => {
    const [host, port, how] = answer.split(" ");
    return `${host} port ${port} ${how === "refused" ? "refuses" : "answers"} ${whom}`;
  };
  const problems = (answers: string[], whom: string) =>
    inOrder(plan, answers.filter(problem)).map((a) => told(a, whom));
  return [
    ...problems(seen.answers, "the operator"),
    ...plan.survivors.flatMap((h) => problems(factsOf(seen, h)?.answers ?? [], h.name)),
  ];
}

/** By the lost hosts' order, then by port: a survivor tells answers in the order in which it heard them, which differs from look to look. */
function inOrder(plan: FailoverPlan, answers: string[]): string[] {
  const at = (answer: string) => plan.lostHosts.findIndex((h) => h.name === answeringHost(answer));
  const port = (answer: string) => Number(answer.split(" ")[1]);
  return [...answers].sort((a, b) => at(a) - at(b) || port(a) - port(b));
}

/** After the fences no port of a lost host may answer. */
export const stillAlive = (answers: string[]): string[] =>
  answers.map((a) => `${answeringHost(a)}: must be silent after its fence, port ${a.split(" ")[1]} still answers`);
