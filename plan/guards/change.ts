import { departing, isChange, newVoters } from "../acts/primary/change";
import type { PrimaryPlan } from "../acts/primary/plan";
import type { MemberState } from "../etcd/members";
import { majorityOf } from "../etcd/quorum";
import type { Member } from "../facts/facts";
import { factsOf, type Observation } from "../facts/observation";
import type { Topology } from "../topology/topology";
import { type Verdict, verdict } from "./verdict";

/** What must hold before the set of hosts of a built cluster is changed. */
export const changeGuard = (topology: Topology, plan: PrimaryPlan, seen: Observation): Verdict =>
  verdict(
    "hosts that change",
    [...unknownMembers(plan), ...renamed(plan), ...stateless(topology, plan, seen), ...voterProblems(plan)],
    isChange(plan.change) ? "one voter at most, and the others are a majority" : "none",
  );

const names = (list: { name: string }[]): string => list.map((h) => h.name).join(" and ");
const memberWords = (m: Member): string => m.name || `an unstarted member (${m.peerUrls.join(", ")})`;

/** A member by hand: to remove it might be right, or the loss of somebody's work. */
const unknownMembers = ({ change }: PrimaryPlan): string[] =>
  change.unknown.map(
    (m) =>
      `${memberWords(m)} is a member of etcd that neither the topology nor RKE's state knows (${m.peerUrls.join(", ")}): put its host into the topology, or remove it: \`docker exec etcd etcdctl member remove ${m.id}\` on a voter`,
  );

const renamed = ({ change }: PrimaryPlan): string[] =>
  change.renamed.map(
    ({ host, before }) =>
      `${host.name} (${host.address}) is ${before} to RKE: a host can't be renamed: take ${before} out of the topology, \`pulumi up --stack primary\`, then put it in as ${host.name}`,
  );

/** Without its state RKE would take the cluster for a new one. */
function stateless({ pki }: Topology, { deployHosts, membership }: PrimaryPlan, seen: Observation): string[] {
  const facts = deployHosts.map((h) => factsOf(seen, h));
  const all = facts.every((f) => f !== undefined);
  const has = facts.some((f) => f?.deploy?.files.includes("cluster.rkestate"));
  return pki !== "adopted" && membership.quorum && all && !has
    ? [
        `${names(deployHosts)}: no deploy host has RKE's state, and the cluster runs: change one deploy host at a time, so that the other brings it; or copy cluster.rkestate from a backup to /etc/rke-dr on ${deployHosts[0]?.name}`,
      ]
    : [];
}

/** One voter leaves and one joins at most: each needs the votes of the others. */
function voterProblems(plan: PrimaryPlan): string[] {
  const { membership, change } = plan;
  if (!membership.quorum || !isChange(change)) {
    return [];
  }
  const leaving = departing(membership, change).filter((m) => !m.learner);
  const demoted = change.newParts.filter((p) => p.member?.learner === false && p.host.etcd === "learner");
  const going = [...leaving.map((m) => ({ name: memberWords(m) })), ...demoted.map((p) => p.host)];
  const coming = newVoters(membership, change);
  if (going.length + coming.length === 0) {
    return [];
  }
  const isComing = (s: MemberState) => coming.some((h) => h.name === s.host.name);
  const staying = membership.members.filter((s) => s.wanted === "voter" && !isComing(s));
  const well = staying.filter((s) => s.condition === "well" || s.condition === "outdated");
  const broken = staying.filter((s) => !well.includes(s));
  const needed = majorityOf(staying.length);
  return [
    ...(going.length > 1
      ? [
          `${names(going)} would leave etcd: one voter at a time: put all but one back into the topology, \`pulumi up --stack primary\`, then take out the next`,
        ]
      : []),
    ...(coming.length > 1
      ? [
          `${names(coming)} would become voters: one voter at a time: leave all but one out of the topology, \`pulumi up --stack primary\`, then add the next`,
        ]
      : []),
    ...(well.length < needed
      ? [
          `${names(going) || names(coming)}: of the voters that stay (${names(staying.map((s) => s.host))}) ${needed} must be healthy, ${well.length} are: \`docker start etcd\` on the others, or undo the change and let \`pulumi up --stack primary\` replace them first`,
        ]
      : broken.map(
          (s) =>
            `${s.host.name}: its etcd ${s.found}; voters can't change meanwhile: undo the change, \`pulumi up --stack primary\` repairs it, then change the hosts`,
        )),
  ];
}
