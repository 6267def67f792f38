import type { Membership } from "../../etcd/members";
import { clientUrl, peerUrl } from "../../etcd/urls";
import type { Observation } from "../../facts/observation";
import { installerOf } from "../../installers/installers";
import { type Step, step } from "../../steps/steps";
import type { Site } from "../../topology/site";
import type { Host } from "../../topology/topology";
import { joinStep } from "../steps/join";
import { type Failback, nextFailure } from "./failback";

/** Steps, and what the next failure costs while they run. */
export interface Demotion {
  steps: Step[];
  nextFailure: string;
}

/**
 * Takes away the vote that a failover gave to a host, and makes it a learner again if it was one. etcd has no demotion: the
 * member is removed and added anew, on no data. It comes last of all that concerns etcd: until then the host's data is the
 * other side's newest, and its kube-apiserver has only just been given the other members to talk to.
 */
export function demotion(
  site: Site,
  failback: Failback,
  host: Host,
  known: Membership,
  seen: Observation,
  after: string[],
): Demotion {
  const others = site.voters;
  const { etcdCertificate, images, memberName } = installerOf(site);
  const demote = step("etcd-demote", host, "EtcdMember", {
    arguments: [
      failback.preferred.map(memberName).join(","),
      peerUrl(host),
      etcdCertificate(host),
      images(site).etcd,
      ...others.map(clientUrl),
    ],
    after,
    limit: 300,
    words:
      "no voter any more: removed from etcd while the others are a majority without it, container and data set aside",
  });
  const state = known.members.find((m) => m.wanted === "learner" && m.host.name === host.name);
  const cost = nextFailure(others.map((h) => h.name));
  return state
    ? {
        steps: [
          demote,
          {
            ...joinStep(site, failback.epoch, state, seen, [demote.name]),
            words: "a learner again: added to etcd without any old data",
          },
        ],
        nextFailure: `${cost}; until ${host.name} has caught up, the newest copy in ${host.datacenter} is what it has set aside`,
      }
    : { steps: [demote], nextFailure: cost };
}
