import { type PrimaryPlan, primaryAct } from "../acts/primary/plan";
import { factsOf, type Observation } from "../facts/observation";
import type { AdoptedCluster } from "../installers/rke/adopted";
import { lostBy } from "../steps/act";
import { allHosts, type Topology } from "../topology/topology";
import { adoptionProblems } from "./adoption";
import { failbackGuards } from "./failback";
import { addressProblems, clockProblems, rights, roomProblems, tools } from "./hosts";
import { hostKeyProblems, reachability, strangers } from "./identity";
import { loginProblems } from "./login";
import { purgeGuard } from "./purge";
import { restartProblems, restartWords } from "./restarts";
import { type Verdict, verdict } from "./verdict";

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
  return [
    ...failbackGuards(topology, plan, seen, confirm),
    ...(plan.purge === undefined ? [] : [purgeGuard(plan.steps, plan.purge, plan.epoch)]),
    verdict("hosts reachable", reachability(plan.hosts, seen), `all ${plan.hosts.length}`),
    verdict("host keys", hostKeyProblems(plan.hosts, seen), "none but the pinned ones"),
    verdict(
      "rights",
      [...rights(plan.hosts, seen), ...loginProblems(topology, plan.hosts, seen), ...addressProblems(plan.hosts)],
      "root, and docker answers",
    ),
    verdict("epoch", epochProblems(topology, plan, seen), `${plan.epoch}`),
    adopted
      ? verdict(
          "the cluster meant",
          adoptionProblems(topology, adopted, seen),
          "etcd and kube-apiserver run as RKE plans from the topology, with the certificates of rke-dr:adopted",
        )
      : verdict(
          "no foreign cluster",
          foreignProblems(plan, seen),
          "no host runs a cluster that this program didn't build",
        ),
    verdict("the hosts meant", strangers(topology, plan.hosts, seen), "no host belongs to another cluster"),
    verdict("members of etcd", memberProblems(plan, seen), "etcd has quorum, or there is none yet"),
    verdict("tools on the hosts", tools(plan.hosts, seen), "flock, curl with --unix-socket"),
    verdict("disk space", roomProblems(plan.hosts, seen), "enough for records and containers"),
    verdict("clocks", clockProblems(plan.hosts, seen), "hosts and operator agree within 5 s"),
    verdict("kubelets", restartProblems(plan.hosts, seen), restartWords(plan.hosts, seen)),
    verdict(
      "rke on the deploy hosts",
      plan.deployHosts.flatMap((h) => {
        const facts = factsOf(seen, h);
        return facts && !facts.tools.installer ? [`${h.name}: rke is not on the PATH`] : [];
      }),
      plan.deployHosts.map((h) => h.name).join(", "),
    ),
  ];
}

/** `primary` can't repair a built cluster that has lost quorum: etcd changes its members by a majority only. */
function memberProblems(plan: PrimaryPlan, seen: Observation): string[] {
  const { quorum, members } = plan.membership;
  const done = factsOf(seen, plan.installerHost)?.steps ?? {};
  const built = ["rke-up", "adopt"].some((name) => done[name]?.epoch === plan.epoch);
  if (quorum || !built) {
    return [];
  }
  const voters = members.filter((m) => m.wanted === "voter");
  const seeds = voters.map((m) => `${m.host.name} ${m.etcd ? "answers" : "doesn't answer"}`).join(", ");
  return [
    `no voter answers a linearizable read (${seeds}), so no member can be replaced: if etcd is only stopped, \`docker start etcd\` there; if a datacenter is lost, \`pulumi up --stack failover\``,
  ];
}

/** New certificates on a cluster that has others would destroy it. */
function foreignProblems(plan: PrimaryPlan, seen: Observation): string[] {
  return plan.hosts.flatMap((h) => {
    const facts = factsOf(seen, h);
    const found = Object.keys(facts?.processes ?? {});
    return facts?.epoch === 0 && found.length > 0
      ? [
          `${h.name} has containers of a cluster that this program didn't build (${found.join(", ")}); \`pki: adopted\` takes it over (docs/quickstart.md)`,
        ]
      : [];
  });
}

export function epochProblems(topology: Topology, plan: PrimaryPlan, seen: Observation): string[] {
  return allHosts(topology).flatMap((h) => {
    const facts = factsOf(seen, h);
    if (!facts || facts.epoch === 0 || (facts.epoch === plan.epoch && facts.act === primaryAct)) {
      return [];
    }
    const found = `${h.name} is at epoch ${facts.epoch} (${facts.act})`;
    if (facts.epoch > plan.epoch) {
      const next = lostBy(facts.act)
        ? `; to bring the lost datacenter back, set rke-dr:epoch to ${facts.epoch + 1}`
        : "";
      return [`${found}, an older epoch is refused: ${plan.epoch}${next}`];
    }
    if (facts.epoch === plan.epoch) {
      return [
        `${h.name} is at epoch ${facts.epoch} by another act (${facts.act}), which this one can't repeat; a failback needs epoch ${plan.epoch + 1}`,
      ];
    }
    const reached = plan.hosts.some((other) => (factsOf(seen, other)?.epoch ?? 0) >= plan.epoch);
    return plan.failback || reached
      ? []
      : [`${found}: epoch ${plan.epoch} follows no failover, there is nothing to come back from`];
  });
}
