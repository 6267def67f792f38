import { membership } from "../../etcd/members";
import { hasMajority } from "../../etcd/quorum";
import { factsOf, type Observation } from "../../facts/observation";
import { ranOutOfTime } from "../../facts/trust";
import { deployDir } from "../../installers/deploy-folder";
import { installerOf } from "../../installers/installers";
import { isRunning, type Running } from "../../runtimes/running";
import { type Step, schedule, step, stepNames } from "../../steps/steps";
import { hasEtcdOrApi, sparesForEtcd } from "../../topology/order";
import { ownServer } from "../../topology/servers";
import { inPeace } from "../../topology/site";
import { deployHosts, type Host, hasApi, sshLogin, sshTarget, type Topology } from "../../topology/topology";
import { failbackOf, failbackRecord } from "../failback/failback";
import { isTrusted } from "../failback/living-cluster";
import { failbackSteps } from "../failback/steps";
import { joinStep } from "../steps/join";
import { changeOf, isChange, noChange } from "./change";
import { memberSteps, otherMembers } from "./member-steps";
import { type Peace, type PrimaryOptions, type PrimaryPlan, primaryAct } from "./plan";
import { purgeSteps } from "./purge";
import { snapshotSteps } from "./snapshot-schedule";

/** The steps of stack `primary`, which make all that exists in peace. */
export function planPrimary(
  topology: Topology,
  epoch: number,
  seen: Observation,
  { returnGuard, purge }: PrimaryOptions = { returnGuard: "on" },
): PrimaryPlan {
  const site = inPeace(topology);
  const failback = failbackOf(topology, epoch, seen);
  const trusts = failback && !failback.finished ? isTrusted(failback, seen) : undefined;
  const returning = failback !== undefined && !failback.finished;
  const voterDiffers = (found: Running) =>
    returning || !installerOf(topology).listsMembers ? [] : otherMembers(site, found);
  const members = membership(topology, seen, installerOf(topology).learnerDiffers(site), trusts, voterDiffers);
  const change = returning ? noChange : changeOf(topology, site, seen, members);
  const act: Peace = { topology, site, epoch, seen, failback, deployHosts: deployHosts(topology), members, change };

  const claims = claimSteps(act);
  const files = deployFileSteps(act, claims);
  const authorized = authorizeSteps(act, files);
  const trust = trustSteps(act, authorized);
  const run = installerOf(topology).runName(site.deployHost);
  // a failback's steps are for the hosts that it brought back: once hosts have changed after it, peace has steps of its own
  const isOver = failback?.finished && (isChange(change) || changedSince(act));
  const back = failback && !isOver ? failbackSteps(topology, site, failback, seen, stepNames(trust), run) : undefined;
  const voting = back ? [] : memberSteps(act, trust);
  const built = buildSteps(act, [...trust, ...voting], back?.before);
  // an installer that only an operator runs has no steps of its own
  const ready = built.length > 0 ? built : [...trust, ...voting, ...(back?.before ?? [])];
  const lasting = [
    ...claims,
    ...files,
    ...authorized,
    ...trust,
    ...voting,
    ...(back?.before ?? []),
    ...built,
    ...returnGuardSteps(act, ready, returnGuard),
    ...learnerSteps(act, ready),
    ...spareSteps(act, ready),
    ...snapshotSteps(topology, stepNames(ready), (host) => factsOf(seen, host)),
    ...(back?.after ?? []),
  ];
  const purging = purge === undefined ? [] : purgeSteps(site.hosts, purge, stepNames(lasting));
  return {
    epoch,
    installer: topology.installer,
    hosts: site.hosts,
    deployHosts: act.deployHosts,
    installerHost: site.deployHost,
    membership: members,
    change,
    purge,
    failback: failback && { ...failback, nextFailure: back?.nextFailure ?? {} },
    steps: schedule([...lasting, ...purging], epoch, (host) => factsOf(seen, host), seen.at),
  };
}

const claimData = ({ failback }: Peace): string => (failback ? failbackRecord(failback) : `role=${primaryAct}`);

/** True if hosts have changed in this epoch, by the record of the step that tells the installer of it. */
const changedSince = ({ site, epoch, seen }: Peace): boolean =>
  factsOf(seen, site.deployHost)?.steps["rke-nodes"]?.epoch === epoch;

const claimSteps = (act: Peace): Step[] =>
  act.site.hosts.map((host) =>
    step("claim", host, "Claim", {
      data: claimData(act),
      words: `tell the host of epoch ${act.epoch}`,
      intact: factsOf(act.seen, host)?.act === primaryAct,
    }),
  );

function deployFileSteps({ topology, seen, deployHosts, change }: Peace, claims: Step[]): Step[] {
  const wanted = installerOf(topology).deployFiles(topology).prepared;
  return deployHosts.map((host) =>
    step("deploy-files", host, "DeployHost", {
      after: stepNames(claims),
      words: `put ${wanted.includes("cluster.yml") ? "cluster.yml, certificates and the SSH key" : "an SSH key of its own and the hosts' keys"} in ${deployDir}`,
      intact: !isChange(change) && wanted.every((file) => factsOf(seen, host)?.deploy?.files.includes(file)),
    }),
  );
}

/** False if SSH from a deploy host shows that a key or a path is gone. If it ran out of time it shows nothing: then the records count. */
function reaches({ topology, seen }: Peace, from: Host, to: Host): boolean {
  const result = factsOf(seen, from)?.trust[sshTarget(topology, to)];
  return result !== undefined && (result === "ok" || ranOutOfTime(result));
}

const authorizeSteps = (act: Peace, files: Step[]): Step[] =>
  act.site.hosts.map((host) =>
    step("authorize", host, "SshTrust", {
      arguments: [sshLogin(act.topology.ssh, host).user].filter((user) => user !== "root"),
      after: stepNames(files),
      words: "let the deploy hosts' SSH keys in",
      intact: act.deployHosts.every((from) => reaches(act, from, host)),
    }),
  );

const trustSteps = (act: Peace, authorized: Step[]): Step[] =>
  act.deployHosts.map((host) =>
    step("trust", host, "SshTrust", {
      arguments: act.site.hosts.map((h) => asTarget(act.topology, h)),
      after: stepNames(authorized),
      words: "test from there that SSH reaches every host",
      intact: act.site.hosts.every((to) => reaches(act, host, to)),
    }),
  );

/** The installer's run, or for a cluster that it has built before this program came, what takes that over. */
function buildSteps(peace: Peace, ready: Step[], back: Step[] | undefined): Step[] {
  const { topology, site, seen, deployHosts, change } = peace;
  const installer = installerOf(topology);
  const server = (host: Host) => ownServer(topology, host.datacenter);
  const facts = (host: Host) => factsOf(seen, host);
  const act = { site, deployHosts: deployHosts.map((host) => ({ host, server: server(host) })), facts };
  if (topology.pki === "adopted" && !back) {
    return installer.adopt({ ...act, before: ready });
  }
  if (back) {
    return installer.build({ ...act, before: [...ready, ...back] }, false);
  }
  const settled = installer.settleHosts({ ...act, before: ready }, claimData(peace), isChange(change));
  return [...settled, ...installer.build({ ...act, before: [...ready, ...settled] }, isChange(change))];
}

function returnGuardSteps({ topology, site, seen }: Peace, built: Step[], mode: "on" | "off"): Step[] {
  // a host that serves knows the epoch that it serves
  const serving = hasApi(topology) ? site.controlPlane : site.voters;
  const asked = (host: Host) => serving.filter((h) => h.datacenter !== host.datacenter);
  const holds = (host: Host) => topology.bootHold && hasMajority(topology, host.datacenter);
  const guard = `the return guard: after a failover that left this host behind, it stops etcd ${hasApi(topology) ? "and the control plane " : ""}here`;
  return site.hosts.filter(hasEtcdOrApi).map((host) =>
    step("return-guard", host, "ReturnGuard", {
      arguments:
        mode === "off" ? ["off"] : [holds(host) ? "hold" : "on", ...asked(host).map((h) => asTarget(topology, h))],
      after: stepNames(built),
      words:
        mode === "off"
          ? "no return guard (rke-dr:returnGuard: off)"
          : holds(host)
            ? `${guard}; after a boot both wait until the other side answers (bootHold)`
            : guard,
      intact: isRunning(factsOf(seen, host)?.processes["rke-dr-guard"]) === (mode === "on"),
    }),
  );
}

const learnerSteps = ({ site, epoch, seen, failback, members }: Peace, built: Step[]): Step[] =>
  members.members
    .filter((m) => m.wanted === "learner" && m.host.name !== failback?.demoted?.name)
    .map((m) => joinStep(site, epoch, m, seen, stepNames(built)));

/** Hosts on which a failover can restore a snapshot get what an etcd needs there. */
function spareSteps({ topology, site }: Peace, built: Step[]): Step[] {
  const { etcdCertificate, images, program } = installerOf(topology);
  return (program === undefined ? [] : sparesForEtcd(site.hosts)).map((host) =>
    step("etcd-spare", host, "EtcdMember", {
      arguments: [etcdCertificate(host), images(site).etcd],
      after: stepNames(built),
      limit: 900,
      words: "certificate and image of an etcd, so that a failover can restore a snapshot here; nothing is started",
    }),
  );
}

/** A leading "?" says that the host's key isn't pinned. */
const asTarget = (topology: Topology, host: Host): string =>
  `${host.hostKey === "unpinned" ? "?" : ""}${sshTarget(topology, host)}`;
