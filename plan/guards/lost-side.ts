import type { FailoverPlan } from "../failover";
import { factsOf, type Observation } from "../observation";
import { list } from "./verdict";

const said = (value: string | undefined): string => (value === undefined ? "not set" : `"${value}"`);

/** The datacenter given up and the epoch, as the operator types them. */
export const wantedConfirmation = ({ settings }: FailoverPlan): string => `${settings.lost}@${settings.epoch}`;

export function confirmationProblems(plan: FailoverPlan): string[] {
  const wanted = wantedConfirmation(plan);
  const { confirm } = plan.settings;
  return confirm === wanted ? [] : [`rke-dr:confirm must be "${wanted}", it is ${said(confirm)}`];
}

export function attestationProblems({ settings, lostHosts, method }: FailoverPlan): string[] {
  // a restored cluster is one of its own: it takes nothing from a living majority
  return settings.attest === "powered-off" || method === "restore"
    ? []
    : [
        `rke-dr:attest must be "powered-off" (the operator's word that ${list(lostHosts)} are down and stay down), it is ${said(settings.attest)}; forcing a new cluster beside a living majority loses that majority's writes (recover: {method: restore} needs no such word: it makes a cluster of its own, kept apart from theirs)`,
      ];
}

export function attestationWords({ settings, lostHosts }: FailoverPlan): string {
  return settings.attest === "powered-off"
    ? `the operator attests that ${list(lostHosts)} are powered off`
    : `nobody attests that ${list(lostHosts)} are down, and method restore doesn't need it: should they live, both clusters go on, apart, and what is written to theirs is lost at failback`;
}

/** Ports of lost hosts that answered, the operator or a survivor. */
export function livingProblems(plan: FailoverPlan, seen: Observation): string[] {
  return [
    ...seen.answers.map((a) => `${a.replace(" ", " port ")} answers the operator`),
    ...plan.survivors.flatMap((h) =>
      (factsOf(seen, h)?.answers ?? []).map((a) => `${a.replace(" ", " port ")} answers ${h.name}`),
    ),
  ];
}
