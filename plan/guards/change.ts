import { departing, isChange, newVoters } from "../acts/primary/change";
import type { PrimaryPlan } from "../acts/primary/plan";
import type { MemberState } from "../etcd/members";
import { majorityOf } from "../etcd/quorum";
import type { Member } from "../facts/facts";
import { factsOf, type Observation } from "../facts/observation";
import { installerOf } from "../installers/installers";
import type { Topology } from "../topology/topology";
import { problem, type Verdict, verdict } from "./verdict";

/** What must hold before the set of hosts of a built cluster is changed. */
export const changeGuard = (topology: Topology, plan: PrimaryPlan, seen: Observation): Verdict =>
  verdict(
    "hosts that change",
    [
      ...unfinishedFailback(plan, seen),
      ...unknownMembers(topology, plan),
      ...renamed(plan),
      ...stateless(topology, plan, seen),
      ...closedTo(plan, seen),
      ...voterProblems(plan),
    ],
    isChange(plan.change) ? "one voter at most, and the others are a majority" : "none",
  );

const up = "`pulumi up --stack primary`";
const names = (list: { name: string }[]): string => list.map((h) => h.name).join(" and ");
const memberWords = (m: Member): string => m.name || `an unstarted member (${m.peerUrls.join(", ")})`;

/** A member by hand: to remove it might be right, or the loss of somebody's work. */
const unknownMembers = (topology: Topology, { change }: PrimaryPlan): string[] =>
  change.unknown.map((m) =>
    problem(
      `${memberWords(m)}: a member of etcd must be in the topology or in RKE's state, it is in neither: ${m.peerUrls.join(", ")}`,
      "If it is to stay: put its host into Pulumi.yaml",
      `If nobody needs it: \`${installerOf(topology).etcdctl(`member remove ${m.id}`)}\` on a voter`,
    ),
  );

const renamed = ({ change }: PrimaryPlan): string[] =>
  change.renamed.map(({ host, before }) =>
    problem(
      `${host.name} (${host.address}): a host can't be renamed, RKE has it by another name: ${before}`,
      `Name it ${before} again in Pulumi.yaml`,
      `Or take it out of Pulumi.yaml, ${up}, then put it in as ${host.name}`,
    ),
  );

/** Without its state RKE would take the cluster for a new one. */
function stateless({ pki }: Topology, { deployHosts, membership }: PrimaryPlan, seen: Observation): string[] {
  const facts = deployHosts.map((h) => factsOf(seen, h));
  const all = facts.every((f) => f !== undefined);
  const has = facts.some((f) => f?.deploy?.files.includes("cluster.rkestate"));
  return pki !== "adopted" && membership.quorum && all && !has
    ? [
        problem(
          `${names(deployHosts)}: a deploy host must have RKE's state of the cluster that runs, else RKE takes it for a new one: none has it`,
          `Put one of the earlier deploy hosts back into Pulumi.yaml (deployHost), ${up}, then change the other: it brings the state along`,
          `Or copy cluster.rkestate from a backup to /etc/rke-dr on ${deployHosts[0]?.name}`,
        ),
      ]
    : [];
}

/** A failback brings back the hosts that the failover knew: RKE itself would then add or remove all others, members of etcd among them. */
function unfinishedFailback({ failback, hosts }: PrimaryPlan, seen: Observation): string[] {
  const nodes = (failback && !failback.finished && factsOf(seen, failback.deployHost)?.deploy?.nodes) || [];
  if (!failback || nodes.length === 0) {
    return [];
  }
  const gone = nodes.filter((n) => !hosts.some((h) => h.address === n.address));
  const added = failback.survivors.filter((h) => !nodes.some((n) => n.address === h.address));
  const rule = (h: { name: string; address: string }) =>
    `${h.name} (${h.address}): hosts can't change until the failback of ${failback.from.lost} is finished`;
  return [
    ...gone.map((h) =>
      problem(
        `${rule(h)}: not in Pulumi.yaml`,
        `Put ${h.name} into Pulumi.yaml again, ${up} (it finishes the failback), then take it out`,
      ),
    ),
    // a failover from a checkout that lacked the host has taken it out of RKE's state, although nobody meant it to leave
    ...added.map((h) =>
      problem(
        `${rule(h)}: not in RKE's state`,
        `Take ${h.name} out of Pulumi.yaml for now, ${up} (it finishes the failback), then put it in again: the next \`up\` makes it a host of the cluster`,
      ),
    ),
  ];
}

/** A living host that leaves is stopped by the installer's host: its SSH key must open it, and a new deploy host's key never will. */
function closedTo({ installerHost, change }: PrimaryPlan, seen: Observation): string[] {
  const facts = factsOf(seen, installerHost);
  const living = change.leaving.filter((l) => l.answers);
  return !facts || facts.deploy?.files.includes("ssh/id_ed25519") || living.length === 0
    ? []
    : living.map((l) =>
        problem(
          `${l.name} (${l.address}): a host that leaves must know the SSH key of the deploy host that stops it, which is new: ${installerHost.name}`,
          `Keep ${l.name} in Pulumi.yaml, change only deployHost, ${up}, then take ${l.name} out`,
          `Or switch ${l.name} off`,
        ),
      );
}

/** The voters that change, and the condition of those that stay. */
interface Voters {
  going: { name: string }[];
  coming: { name: string }[];
  staying: MemberState[];
  well: MemberState[];
}

function votersOf({ membership, change }: PrimaryPlan): Voters {
  const leaving = departing(membership, change).filter((m) => !m.learner);
  const demoted = change.newParts.filter((p) => p.member?.learner === false && p.host.etcd === "learner");
  const coming = newVoters(membership, change);
  const isComing = (s: MemberState) => coming.some((h) => h.name === s.host.name);
  const staying = membership.members.filter((s) => s.wanted === "voter" && !isComing(s));
  return {
    going: [...leaving.map((m) => ({ name: memberWords(m) })), ...demoted.map((p) => p.host)],
    coming,
    staying,
    well: staying.filter((s) => s.condition === "well" || s.condition === "outdated"),
  };
}

/** One voter leaves and one joins at most: each needs the votes of the others. */
function voterProblems(plan: PrimaryPlan): string[] {
  const { going, coming, staying, well } = votersOf(plan);
  if (!plan.membership.quorum || !isChange(plan.change) || going.length + coming.length === 0) {
    return [];
  }
  return [
    ...(going.length > 1
      ? [
          problem(
            `voters: one may leave at a time, ${going.length} would: ${names(going)}`,
            `Put all but one back into Pulumi.yaml, ${up}, then take out the next`,
          ),
        ]
      : []),
    ...(coming.length > 1
      ? [
          problem(
            `voters: one may join at a time, ${coming.length} would: ${names(coming)}`,
            `Leave all but one out of Pulumi.yaml, ${up}, then add the next`,
          ),
        ]
      : []),
    ...brokenVoters(names(going) || names(coming), staying, well),
  ];
}

function brokenVoters(changing: string, staying: MemberState[], well: MemberState[]): string[] {
  const broken = staying.filter((s) => !well.includes(s));
  const undo = `Or undo the change in Pulumi.yaml, ${up} (it repairs voters), then change the hosts`;
  const needed = majorityOf(staying.length);
  return well.length < needed
    ? [
        problem(
          `${changing}: ${needed} of the voters that stay (${names(staying.map((s) => s.host))}) must be healthy: ${well.length}`,
          `\`docker start etcd\` on ${names(broken.map((s) => s.host))}`,
          undo,
        ),
      ]
    : broken.map((s) =>
        problem(
          `${s.host.name}: a voter that stays must be healthy while voters change: ${s.found}`,
          "If etcd is only stopped: `docker start etcd` there",
          undo,
        ),
      );
}
