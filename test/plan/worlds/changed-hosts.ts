import { primaryAct } from "../../../plan/acts/primary/plan";
import { peerUrl } from "../../../plan/etcd/urls";
import type { Member, Reachable, StateNode } from "../../../plan/facts/facts";
import type { Observation } from "../../../plan/facts/observation";
import { hasEtcdOrApi } from "../../../plan/topology/order";
import { ownServer } from "../../../plan/topology/servers";
import { allHosts, deployHosts, type Host, type Topology } from "../../../plan/topology/topology";
import { container, named, record, survivor } from "./observations";

/** The members of a cluster as a voter lists them. */
export const membersOf = (topology: Topology): Member[] =>
  allHosts(topology)
    .filter((h) => h.etcd !== "none")
    .map((h) => ({
      id: `id-of-${h.name}`,
      started: true,
      name: `etcd-${h.name}`,
      peerUrls: [peerUrl(h)],
      learner: h.etcd === "learner",
    }));

/** RKE's state of a cluster; `silent` hosts don't answer SSH. */
const stateOf = (before: Topology, after: Topology, silent: string[]): StateNode[] =>
  allHosts(before).map((h) => ({
    name: h.name,
    address: h.address,
    internalAddress: h.internalAddress,
    roles: h.roles,
    answers: allHosts(after).some((a) => a.address === h.address) ? undefined : !silent.includes(h.name),
  }));

const done = [
  "claim",
  "deploy-files",
  "authorize",
  "trust",
  "etcd-join",
  "etcd-depart",
  "rke-nodes",
  "rke-up",
  "return-guard",
];

/**
 * A cluster that was built whole by the topology `before`, looked at by the topology `after`.
 * @param change alters what a host says
 */
export function changedHosts(
  before: Topology,
  after: Topology,
  {
    silent = [],
    members = membersOf(before),
    change = {},
  }: { silent?: string[]; members?: Member[]; change?: Record<string, Partial<Reachable>> } = {},
): Observation {
  const nodes = stateOf(before, after, silent);
  const facts = (host: Host): Reachable => {
    const old = allHosts(before).find((h) => h.address === host.address);
    if (!old) {
      return survivor(after, host, {
        epoch: 0,
        act: undefined,
        processes: {},
        etcd: undefined,
        deploy: undefined,
        trust: {},
      });
    }
    const base = survivor(before, old);
    const deploys = deployHosts(before).some((d) => d.name === old.name);
    return {
      ...base,
      act: primaryAct,
      processes: {
        ...base.processes,
        ...(hasEtcdOrApi(old) ? { "rke-dr-guard": container(named("rke-dr-guard")) } : {}),
      },
      steps: Object.fromEntries(done.map((name) => [name, record(name, 1, 1)])),
      ...(base.etcd && old.etcd === "voter" ? { etcd: { ...base.etcd, quorum: true }, members } : {}),
      deploy:
        base.deploy && deploys
          ? {
              ...base.deploy,
              files: [...base.deploy.files, "ssh/known_hosts"],
              server: ownServer(before, old.datacenter),
              nodes,
            }
          : undefined,
    };
  };
  return {
    hosts: Object.fromEntries(allHosts(after).map((h) => [h.name, { ...facts(h), ...change[h.name] }])),
    answers: [],
    at: 0,
  };
}
