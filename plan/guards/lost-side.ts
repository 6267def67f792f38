import type { FailoverPlan } from "../failover";
import { answeringHost, fencesDue, fenceWords, recordedFences, serves, unfenced } from "../fence";
import { factsOf, type Observation } from "../observation";
import type { Topology } from "../topology";
import { list } from "./verdict";

const said = (value: string | undefined): string => (value === undefined ? "not set" : `"${value}"`);

/** The datacenter given up and the epoch, as the operator types them. */
export const wantedConfirmation = ({ settings }: FailoverPlan): string => `${settings.lost}@${settings.epoch}`;

export function confirmationProblems(plan: FailoverPlan): string[] {
  const wanted = wantedConfirmation(plan);
  const { confirm } = plan.settings;
  return confirm === wanted ? [] : [`rke-dr:confirm must be "${wanted}", it is ${said(confirm)}`];
}

/** The operator's word, or a fence command for every lost member of etcd; a restored cluster needs neither. */
export function attestationProblems(topology: Topology, plan: FailoverPlan): string[] {
  const { settings, lostHosts, method } = plan;
  const left = unfenced(topology, plan);
  const fences = Object.keys(topology.fence).length > 0 ? ` (or topology.fence a command for ${list(left)}, too)` : "";
  // a restored cluster is one of its own: it takes nothing from a living majority
  return settings.attest === "powered-off" || method === "restore" || left.length === 0
    ? []
    : [
        `rke-dr:attest must be "powered-off" (the operator's word that ${list(lostHosts)} are down and stay down), it is ${said(settings.attest)}${fences}; forcing a new cluster beside a living majority loses that majority's writes (recover: {method: restore} needs no such word: it makes a cluster of its own, kept apart from theirs)`,
      ];
}

export function attestationWords(topology: Topology, plan: FailoverPlan, seen: Observation): string {
  const { settings, lostHosts } = plan;
  const due = fencesDue(topology, plan, seen);
  const done = recordedFences(plan, seen).filter((f) => f.exit === 0 && !due.some((d) => d.host === f.host));
  const attested = settings.attest === "powered-off";
  return [
    ...(due.length === 0 ? [] : [`\`up\` first fences ${fenceWords(due)}, from this machine`]),
    ...(done.length === 0 ? [] : [`fenced already: ${done.map((f) => f.host).join(", ")}`]),
    ...(attested ? [`the operator attests that ${list(lostHosts)} are powered off`] : []),
    ...(!attested && due.length + done.length === 0
      ? [
          `nobody attests that ${list(lostHosts)} are down, and method restore doesn't need it: should they live, both clusters go on, apart, and what is written to theirs is lost at failback`,
        ]
      : []),
  ].join("; ");
}

/**
 * What of the lost side answers, the operator or a survivor. A host that a fence command will take down may answer, as
 * long as neither its etcd nor its API accepts connections: what serves isn't lost.
 */
export function livingProblems(topology: Topology, plan: FailoverPlan, seen: Observation): string[] {
  const problem = (answer: string) => serves(plan, answer) || topology.fence[answeringHost(answer)] === undefined;
  const told = (answer: string, whom: string) => {
    const [host, port, how] = answer.split(" ");
    return `${host} port ${port} ${how === "refused" ? "refuses" : "answers"} ${whom}`;
  };
  return [
    ...seen.answers.filter(problem).map((a) => told(a, "the operator")),
    ...plan.survivors.flatMap((h) => (factsOf(seen, h)?.answers ?? []).filter(problem).map((a) => told(a, h.name))),
  ];
}

/** The same after the fences: then nothing may answer any more. */
export const stillAlive = (answers: string[]): string[] =>
  answers.map((a) => `${answeringHost(a)}: must be silent after its fence, port ${a.split(" ")[1]} still answers`);
