import type { FailoverPlan } from "../acts/failover/plan";
import { peerUrl } from "../etcd/urls";
import { factsOf, type Observation } from "../facts/observation";
import { installerOf } from "../installers/installers";
import { argument, commandOf } from "../runtimes/process";
import type { Host, Topology } from "../topology/topology";

export function reachability(hosts: Host[], seen: Observation): string[] {
  return hosts.flatMap((h) => {
    const facts = seen.hosts[h.name];
    return facts?.reachable || (facts && facts.refusal !== undefined)
      ? []
      : [`${h.name} (${h.address}): ${facts?.reason ?? "not looked at"}`];
  });
}

/** Another key than the pinned one: another host at that address, or one that was installed anew. */
export function hostKeyProblems(hosts: Host[], seen: Observation): string[] {
  return hosts.flatMap((h) => {
    const facts = seen.hosts[h.name];
    return facts?.reachable === false && facts.refusal === "another host key"
      ? [`${h.name} (${h.address}): ${facts.reason}`]
      : [];
  });
}

/** Hosts that belong to another cluster, or whose etcd is another member than the topology says. */
export function strangers(topology: Topology, hosts: Host[], seen: Observation, plan?: FailoverPlan): string[] {
  const etcd = plan?.etcd;
  const command = etcd?.before ? commandOf(etcd.before) : [];
  const name = argument(command, "name");
  const peer = argument(command, "initial-advertise-peer-urls");
  return [
    ...hosts.flatMap((h) => {
      const cluster = factsOf(seen, h)?.cluster;
      return cluster === undefined || cluster === topology.cluster
        ? []
        : [`${h.name} (${h.address}) belongs to cluster ${cluster}, not to ${topology.cluster}`];
    }),
    ...(etcd && name !== undefined && name !== installerOf(topology).memberName(etcd.host)
      ? [`${etcd.host.name}'s etcd is named ${name}, not ${installerOf(topology).memberName(etcd.host)}`]
      : []),
    ...(etcd && peer !== undefined && peer !== peerUrl(etcd.host)
      ? [`${etcd.host.name}'s etcd is the peer ${peer}, not ${peerUrl(etcd.host)}`]
      : []),
  ];
}

export function epochProblems(plan: FailoverPlan, seen: Observation): string[] {
  return plan.survivors.flatMap((h) => {
    const facts = factsOf(seen, h);
    if (!facts) {
      return [];
    }
    if (facts.epoch > plan.settings.epoch) {
      return [`${h.name} is at epoch ${facts.epoch} (${facts.act}), an older epoch is refused: ${plan.settings.epoch}`];
    }
    if (facts.epoch === plan.settings.epoch && facts.act !== plan.act) {
      return [
        `${h.name} is at epoch ${facts.epoch} by another act (${facts.act}); this one is ${plan.act} and needs an epoch of its own`,
      ];
    }
    return [];
  });
}
