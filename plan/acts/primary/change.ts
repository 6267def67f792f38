import type { Membership } from "../../etcd/members";
import { peerUrl } from "../../etcd/urls";
import type { Member, StateNode } from "../../facts/facts";
import { factsOf, type Observation } from "../../facts/observation";
import { joinedEtcd, joiningHost } from "../../installers/installer";
import type { Site } from "../../topology/site";
import { deployHosts, type Host, type Topology } from "../../topology/topology";

/** A host that RKE's state has, and the topology doesn't have at that address. */
export interface Leaving extends StateNode {
  /** Its member of etcd, if it has one. */
  member: Member | undefined;
  /** The topology's host of that name, if it has another address now. */
  movedTo: Host | undefined;
}

/** A host that stays, and its part in etcd now and by the topology. */
export interface NewPart {
  host: Host;
  member: Member | undefined;
}

/** What is to change in a built cluster's set of hosts: the installer's state, and etcd's members, compared with the topology. */
export interface Change {
  leaving: Leaving[];
  joining: Host[];
  /** Hosts that stay and get, lose or change a part in etcd. */
  newParts: NewPart[];
  /** Hosts that the installer's state has under another name at the same address. */
  renamed: { host: Host; before: string }[];
  /** Members of etcd that neither the topology nor the installer's state knows. */
  unknown: Member[];
}

export const noChange: Change = { leaving: [], joining: [], newParts: [], renamed: [], unknown: [] };

/**
 * The change that the topology asks of the cluster. There is none before there is a cluster, and none can be told for an adopted one, or if
 * no deploy host has the installer's state.
 */
export function changeOf(topology: Topology, site: Site, seen: Observation, known: Membership): Change {
  const keepers = [site.deployHost, ...deployHosts(topology)];
  const nodes = keepers.map((h) => factsOf(seen, h)?.deploy?.nodes ?? []).find((list) => list.length > 0);
  if (!nodes || !known.quorum || topology.pki === "adopted") {
    return { ...noChange, unknown: known.strangers };
  }
  const at = (host: Host) => nodes.find((n) => n.address === host.address);
  const memberAt = (address: string) => known.listed.find((m) => m.peerUrls.includes(`https://${address}:2380`));
  const stays = site.hosts.filter((h) => at(h)?.name === h.name);
  return {
    leaving: nodes
      .filter((n) => !site.hosts.some((h) => h.address === n.address))
      .map((n) => ({
        ...n,
        name: joiningHost(n.name),
        member: memberAt(n.internalAddress),
        movedTo: site.hosts.find((h) => h.name === joiningHost(n.name)),
      })),
    joining: site.hosts.filter((h) => !at(h) || at(h)?.name === joinedEtcd(h)),
    newParts: stays.flatMap((host) => {
      const before = at(host)?.internalAddress;
      const member = before === undefined ? undefined : memberAt(before);
      const isOther = member !== undefined && before !== host.internalAddress;
      const part = member === undefined ? "none" : member.learner ? "learner" : "voter";
      const wasVoter = at(host)?.roles.includes("etcd") === true;
      // a voter that is only broken is repaired, which changes nobody's part
      const same = host.etcd === "voter" ? wasVoter : part === host.etcd || (part === "none" && !wasVoter);
      return same && !isOther ? [] : [{ host, member }];
    }),
    renamed: site.hosts.flatMap((host) => {
      const before = at(host)?.name;
      return before === undefined || before === host.name || before === joinedEtcd(host) ? [] : [{ host, before }];
    }),
    unknown: known.strangers.filter(
      (m) => !nodes.some((n) => m.peerUrls.includes(`https://${n.internalAddress}:2380`)),
    ),
  };
}

export const isChange = ({ leaving, joining, newParts }: Change): boolean =>
  leaving.length + joining.length + newParts.length > 0;

/** Members that leave etcd for good, or come back under another address or part. */
export const departing = ({ strangers }: Membership, { unknown }: Change): Member[] =>
  strangers.filter((m) => !unknown.includes(m));

/** Voters of the topology that aren't members yet, and weren't before: not those that are only broken. */
export const newVoters = (known: Membership, { joining, newParts }: Change): Host[] => {
  const changing = [...joining, ...newParts.map((p) => p.host)];
  return changing.filter(
    (h) => h.etcd === "voter" && !known.listed.some((m) => !m.learner && m.peerUrls.includes(peerUrl(h))),
  );
};
