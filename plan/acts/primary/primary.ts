import { membership } from "../../etcd/members";
import type { Reachable } from "../../facts/facts";
import { factsOf, type Observation } from "../../facts/observation";
import { placeholdersIn } from "../../installers/rke/cluster-secrets";
import { deployDir } from "../../installers/rke/cluster-yml";
import { etcdServers, ownServer } from "../../installers/rke/kube-apiserver";
import { learnerDiffers } from "../../installers/rke/learner";
import { argument, commandOf } from "../../runtimes/process";
import { isRunning } from "../../runtimes/running";
import { type Step, schedule, step, stepNames } from "../../steps/steps";
import { controlPlane, hasEtcdOrApi } from "../../topology/order";
import { inPeace, type Site } from "../../topology/site";
import { deployHosts, type Host, sshTarget, type Topology } from "../../topology/topology";
import { failbackOf, failbackRecord } from "../failback/failback";
import { believes } from "../failback/living-cluster";
import { failbackSteps } from "../failback/steps";
import { joinStep } from "../steps/join";
import { adoptSteps } from "./adopt";
import { type PrimaryOptions, type PrimaryPlan, primaryAct } from "./plan";
import { purgeSteps } from "./purge";
import { snapshotSteps } from "./snapshot-schedule";

/** What exists in peace, as steps; `primary` owns it. */
export function planPrimary(
  topology: Topology,
  epoch: number,
  seen: Observation,
  { returnGuard, purge }: PrimaryOptions = { returnGuard: "on" },
): PrimaryPlan {
  const site = inPeace(topology);
  const { hosts } = site;
  const deploying = deployHosts(topology);
  const runsRke = site.deployHost;
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
  const secretFiles = placeholdersIn(topology.rke).length > 0 ? ["cluster-secrets"] : [];
  const files = deploying.map((host) =>
    step("deploy-files", host, "DeployHost", {
      after: stepNames(claims),
      words: `put cluster.yml, certificates and the SSH key in ${deployDir}`,
      intact: [...deployFiles, ...secretFiles].every((file) => facts(host)?.deploy?.files.includes(file)),
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
  const back = failback && failbackSteps(topology, site, failback, seen, stepNames(trust), `rke-up-${runsRke.name}`);
  const members = membership(
    topology,
    seen,
    learnerDiffers(site),
    failback && !failback.finished ? believes(failback, seen) : undefined,
  );
  // one after the other: each needs the others' votes; a failback has an order of its own
  const voting: Step[] = [];
  for (const state of back ? [] : members.members.filter((m) => m.wanted === "voter")) {
    const before = voting.at(-1)?.name;
    const after = before === undefined ? stepNames(trust) : [before];
    voting.push(joinStep(site, epoch, state, seen, after));
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
      running(site, facts) && deploying.every((h) => facts(h)?.deploy?.server === ownServer(topology, h.datacenter)),
  });
  const ready = stepNames([...trust, ...voting]);
  const built = topology.pki === "adopted" && !back ? adoptSteps(topology, deploying, facts, ready) : [rkeUp];
  const learners = members.members
    .filter((m) => m.wanted === "learner" && m.host.name !== failback?.demoted?.name)
    .map((m) => joinStep(site, epoch, m, seen, stepNames(built)));
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
      intact: isRunning(facts(host)?.processes["rke-dr-guard"]) === (returnGuard === "on"),
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
function running(site: Site, facts: (host: Host) => Reachable | undefined): boolean {
  const command = (host: Host, name: string) => {
    const found = facts(host)?.processes[name];
    return isRunning(found) ? commandOf(found.process) : undefined;
  };
  return (
    site.voters.every((h) => command(h, "etcd")?.includes("--force-new-cluster") === false) &&
    site.controlPlane.every(
      (h) => argument(command(h, "kube-apiserver") ?? [], "etcd-servers") === etcdServers(site, h),
    )
  );
}
