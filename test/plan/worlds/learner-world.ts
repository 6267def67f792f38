import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { parseTopology } from "../../../plan/declaration/declaration";
import { peerUrl } from "../../../plan/etcd/urls";
import type { Member, Reachable } from "../../../plan/facts/facts";
import type { Observation } from "../../../plan/facts/observation";
import { joiningProcess } from "../../../plan/installers/rke/learner";
import { inPeace } from "../../../plan/topology/site";
import { allHosts, type Host, type Topology } from "../../../plan/topology/topology";
import { container, survivor } from "./observations";

/** The second seed's cluster: three voters in datacenter a, master3 in b follows them. */
export const learnerTopology = (): Topology =>
  parseTopology(parse(readFileSync(join(__dirname, "../../../topologies/learner.yaml"), "utf8")));

export const topology = learnerTopology();

/** The member list of master1; `change` alters a host's entry, `null` takes it out. */
export function listed(change: Record<string, Partial<Member> | null> = {}): Member[] {
  return allHosts(topology)
    .filter((h) => h.etcd !== "none" && change[h.name] !== null)
    .map((h, i) => ({
      id: `${i}a`,
      started: true,
      name: `etcd-${h.name}`,
      peerUrls: [peerUrl(h)],
      learner: h.etcd === "learner",
      ...change[h.name],
    }));
}

const newest = Date.parse("2026-11-21T12:00:57Z");

function facts(host: Host, members: Member[]): Reachable {
  const base = survivor(topology, host);
  const status = { revision: 500, raftTerm: 2, dbBytes: 1e6, version: "3.4.23", leader: false, complaints: [] };
  switch (host.etcd) {
    case "voter":
      return { ...base, members, newestLease: newest, etcd: { ...status, quorum: true, learner: false } };
    case "learner":
      return {
        ...base,
        processes: {
          ...base.processes,
          etcd: container(joiningProcess(inPeace(topology), host, "x86_64")),
        },
        newestLease: newest - 1000,
        etcd: { ...status, revision: 498, quorum: false, learner: true },
      };
    case "none":
      return base;
    default:
      return host.etcd satisfies never;
  }
}

/** All hosts of the learner's cluster, well; `change` alters what a host says, `null` makes it unreachable. */
export function peace(
  change: Record<string, Partial<Reachable> | null> = {},
  members: Member[] = listed(),
): Observation {
  return {
    hosts: Object.fromEntries(
      allHosts(topology).map((h) => [
        h.name,
        change[h.name] === null
          ? { reachable: false, host: h.name, reason: "no route to host" }
          : { ...facts(h, members), ...change[h.name] },
      ]),
    ),
    answers: [],
    at: newest + 1000,
  };
}

/** A container as it was, in another state. */
export function inState(host: string, status: string): Pick<Reachable, "processes"> {
  const found = peace().hosts[host];
  const processes = found?.reachable ? found.processes : {};
  const { etcd } = processes;
  if (!etcd) throw new Error(`${host} has no etcd`);
  return { processes: { ...processes, etcd: { ...etcd, status } } };
}
