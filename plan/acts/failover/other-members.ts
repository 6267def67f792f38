import { membership } from "../../etcd/members";
import { clientUrl, peerUrl } from "../../etcd/urls";
import { factsOf, type Observation } from "../../facts/observation";
import { installerOf } from "../../installers/installers";
import { type Step, step, stepNames } from "../../steps/steps";
import type { Host, Topology } from "../../topology/topology";
import { joinStep } from "../steps/join";
import { runs } from "../steps/replacement";
import { isolationStands, refusedAddresses } from "./isolation";
import type { FailoverPlan } from "./plan";

type Plan = Omit<FailoverPlan, "steps" | "stage">;

/**
 * Stops the other survivors' etcd. The recovery doesn't wait for it: these members are no majority of the old cluster, and the recovered one
 * ignores them (after a restore they are another cluster's, after a force they were removed). No kube-apiserver asks them any more.
 *
 * @param after the step that has secured the source, and the claims: if no source can be secured, nothing is stopped
 */
export const stopSteps = ({ others }: Plan, after: string[]): Step[] =>
  others.map((host) =>
    step("etcd-aside", host, "EtcdMember", {
      after,
      words: "stop etcd, which has an older or equal copy of the data; its data stays until it joins anew",
    }),
  );

/**
 * Brings the other survivors back into etcd, one after the other: each is added as a learner on no data, and promoted when it has caught up. So
 * the members that vote are a majority at every moment. A learner of the topology comes last and stays one.
 *
 * @param member the host of the recovered etcd
 * @param stopped the steps that have stopped the others
 */
export function joinSteps(
  topology: Topology,
  plan: Plan,
  member: Host,
  seen: Observation,
  firstWrite: Step,
  stopped: Step[],
): Step[] {
  const { site, settings, others } = plan;
  const { learnerDiffers } = installerOf(topology);
  const known = membership(topology, seen, learnerDiffers(site), isMember(plan, member, seen));
  const leaving = leavingSteps(plan, member, firstWrite);
  const isolated = isolationSteps(plan, seen, stopped);
  const joined: Step[] = [];
  for (const wanted of ["voter", "learner"]) {
    for (const state of known.members.filter(
      (m) => m.wanted === wanted && others.some((h) => h.name === m.host.name),
    )) {
      const before = [firstWrite, ...leaving, ...stopped, ...isolated, ...joined.slice(-1)];
      joined.push({
        ...joinStep(site, settings.epoch, state, seen, stepNames(before)),
        words:
          wanted === "voter"
            ? "a voter again: added as a learner without any old data, promoted when it has caught up"
            : "a learner again: added to etcd without any old data",
      });
    }
  }
  return [...leaving, ...isolated, ...joined];
}

/** Each kube-apiserver gets all members as its servers, one host after the other: meanwhile the others' go on. */
export function serverSteps({ site, finalApiServers }: Plan, seen: Observation, before: Step[]): Step[] {
  const made: Step[] = [];
  for (const replacement of finalApiServers) {
    const { host, body } = replacement;
    const servers = installerOf(site).etcdServers(site, host);
    made.push(
      step("etcd-servers", host, "KubeApiServer", {
        arguments: [servers],
        data: body,
        after: [...stepNames(before), ...stepNames(made.slice(-1))],
        limit: 300,
        words:
          body === ""
            ? "see that kube-apiserver serves, now that the etcd of its own host votes"
            : `recreate kube-apiserver once more, with --etcd-servers=${servers}`,
        intact: runs(factsOf(seen, host), replacement),
      }),
    );
  }
  return made;
}

/** True for hosts whose member list counts: the recovered member, and those that this act has joined to it. */
const isMember =
  ({ settings }: Plan, member: Host, seen: Observation) =>
  (host: Host): boolean =>
    host.name === member.name || factsOf(seen, host)?.steps["etcd-join"]?.epoch === settings.epoch;

/** Hosts that were given up may have joined before they were lost. */
function leavingSteps({ leftOut, site }: Plan, member: Host, firstWrite: Step): Step[] {
  const { etcdCertificate, images } = installerOf(site);
  return leftOut.length === 0
    ? []
    : [
        step("etcd-leave", member, "EtcdMember", {
          arguments: [etcdCertificate(member), images(site).etcd, clientUrl(member), ...leftOut.map(peerUrl)],
          after: [firstWrite.name],
          words: `remove the members of ${leftOut.map((h) => h.name).join(", ")}, if they are among etcd's`,
        }),
      ];
}

/** After a restore every member refuses the lost hosts, before it listens. */
const isolationSteps = ({ method, others, lostHosts }: Plan, seen: Observation, stopped: Step[]): Step[] =>
  method === "restore"
    ? others.map((host) =>
        step("isolate", host, "EtcdMember", {
          arguments: refusedAddresses(lostHosts),
          after: stepNames(stopped.filter((s) => s.host.name === host.name)),
          words: `refuse ${refusedAddresses(lostHosts).join(", ")} at etcd's ports 2379 and 2380, after reboots too, until failback`,
          intact: isolationStands(factsOf(seen, host), lostHosts),
        }),
      )
    : [];
