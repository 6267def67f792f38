import type { FailoverPlan } from "../acts/failover/plan";
import { peerUrl } from "../etcd/urls";
import { factsOf, type Observation } from "../facts/observation";
import { installerOf } from "../installers/installers";
import { argument, commandOf } from "../runtimes/process";
import type { Host, Topology } from "../topology/topology";
import { commandsOn } from "./commands";
import { problem } from "./verdict";

/**
 * Hosts that answer no SSH.
 * @param ways what the operator can do about such a host
 */
export function reachability(hosts: Host[], seen: Observation, ways: (host: Host) => string[] = bringBack): string[] {
  return hosts.flatMap((h) => {
    const facts = seen.hosts[h.name];
    return facts?.reachable || (facts && facts.refusal !== undefined)
      ? []
      : [problem(`${h.name} (${h.address}): must answer SSH: ${inWords(facts?.reason)}`, ...ways(h))];
  });
}

const bringBack = (host: Host): string[] => [`Bring ${host.name} back: its power, its network, sshd`];

/** The reason why SSH failed; of a dead host ssh2 only says that a timer of its own ran out. */
const inWords = (reason = "not looked at"): string =>
  reason === "Timed out while waiting for handshake" ? "no answer within 8 s" : reason;

/** Another key than the pinned one: another host at that address, or one that was installed anew. */
export function hostKeyProblems(hosts: Host[], seen: Observation): string[] {
  return hosts.flatMap((h) => {
    const facts = seen.hosts[h.name];
    return facts?.reachable === false && facts.refusal === "another host key"
      ? [
          problem(
            `${h.name} (${h.address}): host key: ${facts.reason}`,
            `Was it installed anew? \`ssh-keyscan -t ed25519 ${h.address}\` prints its key: put that into hostKey in Pulumi.yaml`,
            "If not, somebody else answers at that address: stop, and find out who",
          ),
        ]
      : [];
  });
}

/** Hosts that belong to another cluster, or whose etcd is another member than the topology says. */
export function strangers(topology: Topology, hosts: Host[], seen: Observation, plan?: FailoverPlan): string[] {
  const etcd = plan?.etcd;
  const command = etcd?.before ? commandOf(etcd.before) : [];
  const name = argument(command, "name");
  const peer = argument(command, "initial-advertise-peer-urls");
  const compare = commandsOn(topology, etcd ? [etcd.host] : []).map(
    (c) => `Is it the right host? Compare Pulumi.yaml with \`${c.show("etcd")}\` there, and correct Pulumi.yaml`,
  );
  return [
    ...hosts.flatMap((h) => {
      const cluster = factsOf(seen, h)?.cluster;
      return cluster === undefined || cluster === topology.cluster
        ? []
        : [
            problem(
              `${h.name} (${h.address}): must belong to cluster ${topology.cluster}: it belongs to cluster ${cluster}`,
              "Is it the right host? Correct its address, or `cluster:`, in Pulumi.yaml",
            ),
          ];
    }),
    ...(etcd && name !== undefined && name !== installerOf(topology).memberName(etcd.host)
      ? [
          problem(
            `${etcd.host.name}: its etcd's name must be ${installerOf(topology).memberName(etcd.host)}: ${name}`,
            ...compare,
          ),
        ]
      : []),
    ...(etcd && peer !== undefined && peer !== peerUrl(etcd.host)
      ? [problem(`${etcd.host.name}: its etcd's peer URL must be ${peerUrl(etcd.host)}: ${peer}`, ...compare)]
      : []),
  ];
}
