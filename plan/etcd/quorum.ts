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

/** True if the datacenter has a majority of the voters by itself. */
export function hasMajority(topology: Topology, dcName: string): boolean {
  const all = voters(allHosts(topology));
  return all.filter((h) => h.datacenter === dcName).length >= majorityOf(all.length);
}

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
