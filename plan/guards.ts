import type { FailoverPlan } from "./failover";
import { certificateProblems } from "./guards/certificates";
import { deployProblems, deployWords, trustProblems } from "./guards/deploy-host";
import { clockProblems, tools } from "./guards/hosts";
import { epochProblems, reachability, strangers } from "./guards/identity";
import { attestationProblems, confirmationProblems, livingProblems, wantedConfirmation } from "./guards/lost-side";
import { diskProblems, quorum, sourceProblems, sourceWords } from "./guards/source";
import { list, type Verdict, verdict } from "./guards/verdict";
import type { Observation } from "./observation";
import type { Topology } from "./topology";

/** Every guard of a failover, in the order in which a person would ask. They read, and never change anything. */
export function failoverGuards(topology: Topology, plan: FailoverPlan, seen: Observation): Verdict[] {
  const { settings, survivors, lostHosts, deployHost } = plan;
  return [
    verdict("confirmation", confirmationProblems(plan), `the operator confirmed ${wantedConfirmation(plan)}`),
    verdict("attestation", attestationProblems(plan), `the operator attests that ${list(lostHosts)} are powered off`),
    verdict(
      "lost side is silent",
      livingProblems(plan, seen),
      `nothing of ${list(lostHosts)} answers at SSH, etcd or the API`,
    ),
    verdict("survivors reachable", reachability(survivors, seen), list(survivors)),
    verdict(
      "the hosts meant",
      strangers(topology, survivors, seen, plan),
      `they belong to cluster ${topology.cluster}`,
    ),
    verdict("epoch", epochProblems(plan, seen), `${settings.epoch} is newer than, or resumes, every survivor's`),
    quorum(topology, plan, seen),
    verdict("source", sourceProblems(plan, seen), sourceWords(plan)),
    verdict(
      "control plane",
      plan.apiServers.length > 0 ? [] : [`no control plane host survives the loss of ${settings.lost}`],
      list(plan.apiServers.map((a) => a.host)),
    ),
    verdict("tools on the survivors", tools(survivors, seen), "root, docker, flock, curl with --unix-socket"),
    verdict("disk space", diskProblems(plan, seen), "enough for what is set aside"),
    verdict("deploy host", deployProblems(plan, seen), deployWords(plan, seen)),
    verdict(
      "SSH from the deploy host",
      trustProblems(topology, plan, seen),
      `${deployHost.name} reaches ${list(survivors)}`,
    ),
    verdict("certificates", certificateProblems(plan, seen), "the API server's is valid"),
    verdict("clocks", clockProblems(survivors, seen), "survivors and operator agree within 5 s"),
  ];
}
