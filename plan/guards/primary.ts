import type { PrimaryPlan } from "../acts/primary/plan";
import { factsOf, type Observation } from "../facts/observation";
import { installerOf } from "../installers/installers";
import type { AdoptedCluster } from "../installers/rke/adopted";
import { type Host, hasApi, type Topology } from "../topology/topology";
import { adoptionProblems } from "./adoption";
import { changeGuard } from "./change";
import { commandsOn } from "./commands";
import { installerMissing } from "./deploy-host";
import { roomProblems } from "./disk-space";
import { primaryEpochProblems } from "./epoch";
import { etcdUnitVerdict } from "./etcd-unit";
import { failbackGuards } from "./failback";
import { addressProblems, clockProblems, rights, rightsWords, tools } from "./hosts";
import { hostKeyProblems, reachability, strangers } from "./identity";
import { kubeadmClusterProblems } from "./kubeadm-cluster";
import { kubeadmPreflight } from "./kubeadm-preflight";
import { loginProblems } from "./login";
import { purgeGuard } from "./purge";
import { restartProblems, restartWords } from "./restarts";
import { problem, type Verdict, verdict } from "./verdict";

/**
 * @param adopted the existing cluster's state, if `pki: adopted` takes one over
 * @param confirm what the operator typed; only a failback asks for it
 */
export function primaryGuards(
  topology: Topology,
  plan: PrimaryPlan,
  seen: Observation,
  adopted?: AdoptedCluster,
  confirm?: string,
): Verdict[] {
  const { program } = installerOf(topology);
  const unfinished = plan.failback?.finished === false ? plan.failback : undefined;
  return [
    ...failbackGuards(topology, plan, seen, confirm, adopted),
    ...(plan.purge === undefined ? [] : [purgeGuard(plan.steps, plan.purge, plan.epoch)]),
    verdict("hosts reachable", reachability(plan.hosts, seen, goneForGood), `all ${plan.hosts.length}`),
    verdict("host keys", hostKeyProblems(plan.hosts, seen), "none but the pinned ones"),
    verdict(
      "rights",
      [
        ...rights(topology, plan.hosts, seen),
        ...loginProblems(topology, plan.hosts, seen),
        ...addressProblems(plan.hosts),
      ],
      rightsWords(topology, plan.hosts),
    ),
    verdict("epoch", primaryEpochProblems(topology, plan, seen), `${plan.epoch}`),
    topology.installer !== "rke"
      ? verdict(
          "the cluster meant",
          kubeadmClusterProblems(topology, seen, unfinished !== undefined),
          `etcd and the control plane run as ${installerOf(topology).title} plans them from the topology`,
        )
      : adopted
        ? verdict(
            "the cluster meant",
            adoptionProblems(topology, adopted, seen, plan.failback),
            unfinished
              ? "the hosts and the CA are those of rke-dr:adopted"
              : "etcd and kube-apiserver run as RKE plans from the topology, with the certificates of rke-dr:adopted",
          )
        : verdict(
            "no foreign cluster",
            foreignProblems(plan, seen),
            "no host runs a cluster that this program didn't build",
          ),
    verdict("the hosts meant", strangers(topology, plan.hosts, seen), "no host belongs to another cluster"),
    ...etcdUnitVerdict(topology, plan.hosts, seen),
    verdict(
      "members of etcd",
      memberProblems(plan, seen, program !== undefined),
      "etcd has quorum, or there is none yet",
    ),
    verdict("hosts that wait", topology.bootHold ? heldProblems(plan.hosts, seen) : [], "no host waits after its boot"),
    changeGuard(topology, plan, seen),
    verdict("tools on the hosts", tools(plan.hosts, seen), "flock, curl with --unix-socket"),
    verdict(
      "disk space",
      roomProblems(topology, plan.hosts, seen, unfinished?.from.epoch ?? plan.epoch),
      "enough for records and containers",
    ),
    verdict("clocks", clockProblems(plan.hosts, seen), "hosts and operator agree within 5 s"),
    ...(hasApi(topology)
      ? [verdict("kubelets", restartProblems(plan.hosts, seen), restartWords(plan.hosts, seen))]
      : []),
    ...(topology.kubeadm === undefined ? [] : kubeadmPreflight(topology, plan.hosts, seen)),
    ...(program === undefined
      ? []
      : [
          verdict(
            "rke on the deploy hosts",
            plan.deployHosts.flatMap((h) => {
              const facts = factsOf(seen, h);
              return facts && !facts.tools.installer ? [installerMissing(h)] : [];
            }),
            plan.deployHosts.map((h) => h.name).join(", "),
          ),
        ]),
  ];
}

/** In peace every host is needed: `up` writes to each of them. */
const goneForGood = (host: Host): string[] => [
  `Bring ${host.name} back: its power, its network, sshd`,
  `Or rebuild it under the same name and address, and write its new key as hostKey into Pulumi.yaml: \`up\` makes it anew`,
  `Or take it out of Pulumi.yaml, if it is gone for good (docs/peace.md)`,
];

/** `primary` can't repair a built cluster that has lost quorum: etcd changes its members by a majority only. */
function memberProblems(plan: PrimaryPlan, seen: Observation, buildsIt: boolean): string[] {
  const { quorum, members } = plan.membership;
  const isDone = (host: Host) =>
    ["rke-up", "adopt"].some((name) => factsOf(seen, host)?.steps[name]?.epoch === plan.epoch);
  // the installer's host may be a new one; another deploy host is given the state once the cluster is built. A failback has a guard of its own
  const others =
    plan.failback && !plan.failback.finished ? [] : plan.deployHosts.filter((h) => h !== plan.installerHost);
  const brought = others.some((h) => factsOf(seen, h)?.deploy?.files.includes("cluster.rkestate"));
  const built = !buildsIt || brought || plan.hosts.some(isDone);
  if (quorum || !built) {
    return [];
  }
  const voters = members.filter((m) => m.wanted === "voter");
  const seeds = voters.map((m) => `${m.host.name} ${m.etcd ? "answers" : "doesn't answer"}`).join(", ");
  return [
    problem(
      `etcd: a voter must answer a linearizable read, else no member can be replaced: none does (${seeds})`,
      ...commandsOn(
        { installer: plan.installer },
        voters.map((m) => m.host),
      ).map((c) => `If etcd is only stopped: \`${c.start("etcd")}\` there; \`${c.why("etcd")}\` tells why it ended`),
      ...withoutEtcd(plan, seen),
      "If a datacenter is lost: `pulumi preview --stack failover` (docs/runbook.md)",
    ),
  ];
}

/** Where etcd belongs on voters that don't have it, neither as it was nor set aside by an act; voters of one runtime in one sentence. */
function withoutEtcd({ membership, installer }: PrimaryPlan, seen: Observation): string[] {
  const { runtimeOn } = installerOf({ installer });
  const lacking = new Map<string, string[]>();
  for (const { host, wanted } of membership.members) {
    const facts = factsOf(seen, host);
    if (wanted !== "voter" || !facts || Object.keys(facts.processes).some((name) => /^etcd(-before-|$)/.test(name))) {
      continue;
    }
    const words = runtimeOn(host).commands.gone("etcd");
    lacking.set(words, [...(lacking.get(words) ?? []), host.name]);
  }
  return [...lacking].map(([words, names]) => `On ${names.join(", ")} ${words}`);
}

/** A host that bootHold keeps waiting would end a step in the middle of `up`. Without bootHold in the topology `up` itself ends the wait. */
const heldProblems = (hosts: Host[], seen: Observation): string[] =>
  hosts.flatMap((host) => {
    const since = factsOf(seen, host)?.heldSince;
    return since === undefined
      ? []
      : [
          problem(
            `${host.name}: must not wait after its boot (bootHold): etcd and the control plane wait since ${new Date(since).toISOString()}`,
            "It ends by itself once a control plane host of the other side answers",
            `Once you know that the other side hasn't taken over: \`bash /var/lib/rke-dr/guard/guard-watch.sh --go-on\` on ${host.name}`,
          ),
        ];
  });

/** New certificates on a cluster that has others would destroy it. */
function foreignProblems(plan: PrimaryPlan, seen: Observation): string[] {
  return plan.hosts.flatMap((h) => {
    const facts = factsOf(seen, h);
    const found = Object.keys(facts?.processes ?? {});
    return facts?.epoch === 0 && found.length > 0
      ? [
          problem(
            `${h.name}: must run nothing of a cluster that this program didn't build: ${found.join(", ")}`,
            "Is it the right host? Correct its address in Pulumi.yaml",
            "To take that cluster over: `pki: adopted` in Pulumi.yaml (docs/quickstart.md)",
          ),
        ]
      : [];
  });
}
