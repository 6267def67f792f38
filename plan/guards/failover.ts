import type { FailoverPlan } from "../acts/failover/plan";
import { type Signing, unsigned } from "../acts/failover/signing";
import type { Observation } from "../facts/observation";
import { hasApi, type Topology } from "../topology/topology";
import { certificateProblems } from "./certificates";
import { undeclaredMembers } from "./declared-world";
import { deployProblems, deployWords, trustProblems } from "./deploy-host";
import { diskProblems, roomProblems } from "./disk-space";
import { endpointVerdict } from "./endpoint";
import { failoverEpochProblems } from "./epoch";
import { etcdUnitVerdict } from "./etcd-unit";
import { addressProblems, clockProblems, rights, rightsWords, tools } from "./hosts";
import { hostKeyProblems, reachability, strangers } from "./identity";
import { imageProblems } from "./images";
import { isolationProblems, isolationWords } from "./isolation";
import { versionProblems, versionWords } from "./known-versions";
import { podsStart } from "./kubeadm-preflight";
import { loginProblems } from "./login";
import {
  attestationProblems,
  attestationWords,
  confirmationProblems,
  confirmationWords,
  livingProblems,
} from "./lost-side";
import { restartProblems, restartWords } from "./restarts";
import { quorum, sourceProblems, sourceWords } from "./source";
import { survivorProblems, survivorWords } from "./survivors";
import { unfinishedProblems, unfinishedWords } from "./unfinished";
import { withoutUnseen } from "./unseen";
import { list, problem, type Verdict, verdict } from "./verdict";

/**
 * All guards of a failover, in the order in which a person would ask. Guards only read.
 *
 * @param signing the act that would run, and those that were signed; without it no hash is accepted
 */
export function failoverGuards(
  topology: Topology,
  plan: FailoverPlan,
  seen: Observation,
  signing: Signing = unsigned,
): Verdict[] {
  const { settings, survivors, lostHosts, deployHost } = plan;
  if (plan.majoritySurvives) {
    // don't ask for confirm or attest here: that would suggest that a failover helps
    return [
      quorum(topology, plan, seen),
      verdict("survivors reachable", reachability(survivors, seen), list(survivors)),
    ];
  }
  if (plan.stage === "over") {
    return [
      verdict("survivors reachable", reachability(survivors, seen), list(survivors)),
      verdict("the hosts meant", strangers(topology, survivors, seen), `they belong to cluster ${topology.cluster}`),
      verdict("epoch", failoverEpochProblems(plan, seen), `${settings.epoch} is over`),
    ];
  }
  const verdicts = [
    verdict("confirmation", confirmationProblems(plan, signing), confirmationWords(plan, signing)),
    verdict("attestation", attestationProblems(topology, plan, signing), attestationWords(topology, plan, seen)),
    ...(plan.method === "restore" ? [verdict("isolation", isolationProblems(plan, seen), isolationWords(plan))] : []),
    verdict(
      "lost side is silent",
      livingProblems(topology, plan, seen),
      plan.stage === "begins"
        ? `nothing of ${list(lostHosts)} answers at SSH, etcd or the API`
        : `no etcd or API of ${list(lostHosts)} answers; they may have power, since the recovered etcd serves`,
    ),
    ...endpointVerdict(topology, plan, seen),
    verdict("survivors reachable", survivorProblems(plan, seen), survivorWords(plan)),
    verdict("host keys", hostKeyProblems(survivors, seen), "none but the pinned ones"),
    verdict(
      "rights",
      [
        ...rights(topology, survivors, seen),
        ...loginProblems(topology, survivors, seen),
        ...addressProblems([...survivors, ...lostHosts]),
      ],
      rightsWords(topology, survivors),
    ),
    verdict(
      "the hosts meant",
      strangers(topology, survivors, seen, plan),
      `they belong to cluster ${topology.cluster}`,
    ),
    verdict(
      "members declared",
      undeclaredMembers(topology, plan, seen),
      "the topology has every member that the survivors' etcd knows",
    ),
    verdict(
      "epoch",
      failoverEpochProblems(plan, seen),
      `${settings.epoch} is newer than, or resumes, every survivor's`,
    ),
    verdict("earlier acts", unfinishedProblems(plan, seen), unfinishedWords(plan, seen)),
    quorum(topology, plan, seen),
    ...etcdUnitVerdict(topology, survivors, seen),
    verdict("source", sourceProblems(topology, plan), sourceWords(plan)),
    verdict("etcd's version", versionProblems(topology, plan, seen), versionWords(plan)),
    ...(hasApi(topology) ? [controlPlaneVerdict(plan)] : []),
    verdict("tools on the survivors", tools(survivors, seen), "flock, curl with --unix-socket"),
    verdict("images", imageProblems(topology, plan, seen), "all that the act starts are on the survivors"),
    verdict(
      "disk space",
      [
        ...diskProblems(topology, plan, seen),
        ...roomProblems(topology, survivors, seen, settings.epoch, plan.source?.take),
      ],
      "enough for what is set aside",
    ),
    verdict("deploy host", deployProblems(topology, plan, seen), deployWords(topology, plan, seen)),
    verdict(
      "SSH from the deploy host",
      trustProblems(topology, plan, seen),
      `${deployHost.name} reaches ${list(survivors)}`,
    ),
    verdict(
      "certificates",
      certificateProblems(topology, plan, seen),
      "valid by the hosts' clocks, good for the survivors' names",
    ),
    verdict("clocks", clockProblems(survivors, seen), "survivors and operator agree within 5 s"),
    ...(hasApi(topology) ? [verdict("kubelets", restartProblems(survivors, seen), restartWords(survivors, seen))] : []),
    ...(topology.kubeadm === undefined ? [] : podsStart(survivors, seen)),
  ];
  return withoutUnseen(verdicts, survivors, seen, topology.ssh.bastion !== undefined);
}

const controlPlaneVerdict = ({ settings: { lost }, apiServers }: FailoverPlan): Verdict =>
  verdict(
    "control plane",
    apiServers.length > 0
      ? []
      : [
          problem(
            `${lost}: a control plane host must survive its loss: none does`,
            `Bring a control plane host of ${lost} back: without one there is nothing to serve the API`,
          ),
        ],
    list(apiServers.map((a) => a.host)),
  );
