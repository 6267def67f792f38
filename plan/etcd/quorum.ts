import { factsOf, type Observation } from "../facts/observation";
import { survivors, voters } from "../topology/order";
import { allHosts, type Host, type Topology } from "../topology/topology";
import type { Source } from "./source";

/** Voters that survive the loss of a datacenter, by the topology, and if they are a majority. */
export interface Majority {
  left: Host[];
  all: number;
  needed: number;
  kept: boolean;
  /** "2 of 3 voters survive, a majority is 2" */
  words: string;
}

/** A majority of so many voters: 2 of 3, 3 of 4. */
export const majorityOf = (voters: number): number => Math.floor(voters / 2) + 1;

/** How many more voters may fail: with `voters` on the list, of which `well` serve. */
export const tolerates = (voters: number, well: number): number => well - majorityOf(voters);

export function majorityWithout(topology: Topology, lost: string): Majority {
  const all = voters(allHosts(topology)).length;
  const left = voters(survivors(topology, lost));
  const needed = majorityOf(all);
  const words = `${left.length} of ${all} voters survive, a majority is ${needed}`;
  return { left, all, needed, kept: left.length >= needed, words };
}

/** True if a majority survives and one of its members answered a linearizable read: nothing to recover, a failover would lose data. */
export const isMajorityServing = (topology: Topology, lost: string, sources: Source[]): boolean =>
  majorityWithout(topology, lost).kept && sources.some((source) => source.etcd?.quorum === true);

/**
 * Why a failover that gives up `lost` is refused if a majority of voters survives; undefined if no majority does.
 * If no host was seen, the topology alone decides.
 */
export function majorityProblem(topology: Topology, lost: string, sources: Source[], seen: Observation) {
  const { left, kept, words } = majorityWithout(topology, lost);
  if (!kept) {
    return undefined;
  }
  const wasSeen = left.some((host) => factsOf(seen, host));
  if (!wasSeen || isMajorityServing(topology, lost, sources)) {
    return [
      `${words}: etcd keeps its quorum without ${lost}, there is nothing to recover`,
      `Bring ${lost} back; if its hosts were rebuilt, \`pulumi up --stack primary\` brings their members back`,
    ].join("\n");
  }
  const states = left.map((host) => `${host.name}: ${factsOf(seen, host)?.processes.etcd?.status ?? "not seen"}`);
  return [
    `${words}, but none of them answers a linearizable read (etcd on ${states.join(", ")})`,
    "Repair etcd on these hosts: `docker start etcd` there; `docker logs --tail 20 etcd` says why it doesn't run",
    `Then the cluster goes on by itself; a failover can't give up more than ${lost}`,
  ].join("\n");
}
