import { type Membership, membership } from "../../etcd/members";
import { commandOf, type Reachable } from "../../facts/facts";
import { factsOf, type Observation } from "../../facts/observation";
import { failbackGuards } from "../../guards/failback";
import { clockProblems, rights, roomProblems, tools } from "../../guards/hosts";
import { hostKeyProblems, reachability, strangers } from "../../guards/identity";
import { restartProblems, restartWords } from "../../guards/restarts";
import { type Verdict, verdict } from "../../guards/verdict";
import { type AdoptedCluster, adoptionProblems, adoptSteps } from "../../installers/rke/adopted";
import { deployDir } from "../../installers/rke/cluster-yml";
import { etcdServers, ownServer } from "../../installers/rke/kube-apiserver";
import { argument } from "../../runtimes/process";
import { clusterOrder, controlPlane, hasEtcdOrApi, voters } from "../../topology/order";
import { allHosts, deployHost, deployHosts, type Host, sshTarget, type Topology } from "../../topology/topology";
import { type Failback, failbackOf, failbackRecord } from "../failback/failback";
import { believes } from "../failback/living-cluster";
import { type FailbackSteps, failbackSteps } from "../failback/steps";
import { lostBy } from "../steps/act";
import { joinStep } from "../steps/join";
import { type ScheduledStep, type Step, schedule, step, stepNames } from "../steps/steps";
import { purgeGuard, purgeSteps } from "./purge";
import { snapshotSteps } from "./snapshot-schedule";

export const primaryAct = "primary";

export interface PrimaryPlan {
  epoch: number;
  /** All hosts, in cluster.yml's order. */
  hosts: Host[];
  deployHosts: Host[];
  /** Where `rke` runs: the standby's deploy host, so that peace uses what a failover will use. */
  runsRke: Host;
  /** Who is a member of etcd now, and how each is. */
  membership: Membership;
  purge: number | undefined;
  /** Set where a lost datacenter comes back, or has come back, by this epoch. */
  failback: (Failback & Pick<FailbackSteps, "nextFailure">) | undefined;
  steps: ScheduledStep[];
}

export interface PrimaryOptions {
  /** Whether hosts that come back after a failover put themselves in quarantine. */
  returnGuard: "on" | "off";
  /** The newest epoch whose things, which acts have set aside, are deleted. */
  purge?: number | undefined;
}

/** What exists in peace, as steps; `primary` owns it. */
export function planPrimary(
  topology: Topology,
  epoch: number,
  seen: Observation,
  { returnGuard, purge }: PrimaryOptions = { returnGuard: "on" },
): PrimaryPlan {
  const hosts = clusterOrder(topology);
  const deploying = deployHosts(topology);
  const runsRke = deployHost(topology, topology.standby);
  const facts = (host: Host) => factsOf(seen, host);
  const failback = failbackOf(topology, epoch, seen);
  const trusted = (from: Host, to: Host) => facts(from)?.trust[sshTarget(topology, to)] === "ok";

  const claims = hosts.map((host) =>
    step("claim", host, "Claim", {
      data: failback ? failbackRecord(failback) : `role=${primaryAct}`,
      words: `tell the host of epoch ${epoch}`,
      intact: facts(host)?.act === primaryAct,
    }),
  );
  const files = deploying.map((host) =>
    step("deploy-files", host, "DeployHost", {
      after: stepNames(claims),
      words: `put cluster.yml, certificates and the SSH key in ${deployDir}`,
      intact: deployFiles.every((file) => facts(host)?.deploy?.files.includes(file)),
    }),
  );
  const authorized = hosts.map((host) =>
    step("authorize", host, "SshTrust", {
      after: stepNames(files),
      words: "let the deploy hosts' SSH keys in",
      intact: deploying.every((from) => trusted(from, host)),
    }),
  );
  const trust = deploying.map((host) =>
    step("trust", host, "SshTrust", {
      arguments: hosts.map((h) => asTarget(topology, h)),
      after: stepNames(authorized),
      words: "test from there that SSH reaches every host",
      intact: hosts.every((to) => trusted(host, to)),
    }),
  );
  const others = deploying.filter((h) => h.name !== runsRke.name);
  const back = failback && failbackSteps(topology, failback, seen, stepNames(trust), `rke-up-${runsRke.name}`);
  const members = membership(topology, seen, failback && !failback.finished ? believes(failback, seen) : undefined);
  // one after the other: each needs the others' votes; a failback has an order of its own
  const voting: Step[] = [];
  for (const state of back ? [] : members.members.filter((m) => m.wanted === "voter")) {
    const before = voting.at(-1)?.name;
    const after = before === undefined ? stepNames(trust) : [before];
    voting.push(joinStep(topology, epoch, hosts, state, seen, after));
  }
  const before = [...trust, ...voting, ...(back?.before ?? [])];
  const rkeUp = step("rke-up", runsRke, "RkeCluster", {
    arguments: [
      ownServer(topology, runsRke.datacenter),
      ...others.map((h) => `${h.name}=${sshTarget(topology, h)}=${ownServer(topology, h.datacenter)}`),
    ],
    after: stepNames(before),
    limit: 1800,
    words: "rke up; its state and a kubeconfig for each side's own kube-apiserver on every deploy host",
    intact:
      running(hosts, facts) && deploying.every((h) => facts(h)?.deploy?.server === ownServer(topology, h.datacenter)),
  });
  const ready = stepNames([...trust, ...voting]);
  const built = topology.pki === "adopted" && !back ? adoptSteps(topology, deploying, facts, ready) : [rkeUp];
  const learners = members.members
    .filter((m) => m.wanted === "learner" && m.host.name !== failback?.demoted?.name)
    .map((m) => joinStep(topology, epoch, hosts, m, seen, stepNames(built)));
  const snapshots = snapshotSteps(topology, stepNames(built), facts);
  const guards = hosts.filter(hasEtcdOrApi).map((host) =>
    step("return-guard", host, "ReturnGuard", {
      arguments:
        returnGuard === "off"
          ? ["off"]
          : [
              "on",
              ...controlPlane(hosts)
                .filter((h) => h.datacenter !== host.datacenter)
                .map((h) => asTarget(topology, h)),
            ],
      after: stepNames(built),
      words:
        returnGuard === "off"
          ? "no return guard (rke-dr:returnGuard: off)"
          : "the return guard: after a failover that left this host behind, it stops etcd and the control plane here",
      intact: (facts(host)?.containers["rke-dr-guard"]?.State.Status === "running") === (returnGuard === "on"),
    }),
  );
  const lasting = [
    ...claims,
    ...files,
    ...authorized,
    ...before,
    ...built,
    ...guards,
    ...learners,
    ...snapshots,
    ...(back?.after ?? []),
  ];
  const purging = purge === undefined ? [] : purgeSteps(hosts, purge, stepNames(lasting));
  const steps = [...lasting, ...purging];
  return {
    epoch,
    hosts,
    deployHosts: deploying,
    runsRke,
    membership: members,
    purge,
    failback: failback && { ...failback, nextFailure: back?.nextFailure ?? {} },
    steps: schedule(steps, epoch, facts, seen.at),
  };
}

const deployFiles = ["cluster.yml", "certs/kube-admin.pem", "ssh/id_ed25519", "ssh/known_hosts"];

/** A leading "?" says that the host's key isn't pinned. */
const asTarget = (topology: Topology, host: Host): string =>
  `${host.hostKey === "unpinned" ? "?" : ""}${sshTarget(topology, host)}`;

/**
 * Whether etcd and kube-apiserver run where they belong. Only what this program must be sure of is compared: RKE may set
 * other arguments, from what the topology doesn't model.
 */
function running(hosts: Host[], facts: (host: Host) => Reachable | undefined): boolean {
  const command = (host: Host, name: string) => {
    const container = facts(host)?.containers[name];
    return container?.State.Status === "running" ? commandOf(container) : undefined;
  };
  return (
    voters(hosts).every((h) => command(h, "etcd")?.includes("--force-new-cluster") === false) &&
    controlPlane(hosts).every(
      (h) => argument(command(h, "kube-apiserver") ?? [], "etcd-servers") === etcdServers(hosts, h),
    )
  );
}

/**
 * @param adopted the existing cluster's state, where `pki: adopted` takes one over
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
    verdict("rights", rights(plan.hosts, seen), "root, and docker answers"),
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
        return facts && !facts.tools.rke ? [`${h.name}: rke is not on the PATH`] : [];
      }),
      plan.deployHosts.map((h) => h.name).join(", "),
    ),
  ];
}

/** A cluster that was built and has no quorum is no longer primary's to repair: members are changed by a majority only. */
function memberProblems(plan: PrimaryPlan, seen: Observation): string[] {
  const { quorum, members } = plan.membership;
  const done = factsOf(seen, plan.runsRke)?.steps ?? {};
  const built = ["rke-up", "adopt"].some((name) => done[name]?.epoch === plan.epoch);
  if (quorum || !built) {
    return [];
  }
  const voters = members.filter((m) => m.wanted === "voter");
  const seeds = voters.map((m) => `${m.host.name} ${m.etcd ? "answers" : "doesn't answer"}`).join(", ");
  return [
    `no voter answers a linearizable read (${seeds}), and without quorum no member can be replaced; where etcd is only stopped, start it there (docker start etcd); where a datacenter is lost, \`pulumi up --stack failover\``,
  ];
}

/** New certificates on a cluster that has others would destroy it. */
function foreignProblems(plan: PrimaryPlan, seen: Observation): string[] {
  return plan.hosts.flatMap((h) => {
    const facts = factsOf(seen, h);
    const found = Object.keys(facts?.containers ?? {});
    return facts?.epoch === 0 && found.length > 0
      ? [
          `${h.name} has containers of a cluster that this program didn't build (${found.join(", ")}); \`pki: adopted\` takes it over (docs/quickstart.md)`,
        ]
      : [];
  });
}

function epochProblems(topology: Topology, plan: PrimaryPlan, seen: Observation): string[] {
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
