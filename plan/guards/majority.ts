import { isMajorityServing, majorityWithout } from "../etcd/quorum";
import type { Source } from "../etcd/source";
import { factsOf, type Observation } from "../facts/observation";
import type { Topology } from "../topology/topology";
import { commandsOn } from "./commands";

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
    ...commandsOn(topology, left).map(
      (c) => `Repair etcd on these hosts: \`${c.start("etcd")}\` there; \`${c.why("etcd")}\` says why it doesn't run`,
    ),
    `Then the cluster goes on by itself; a failover can't give up more than ${lost}`,
  ].join("\n");
}
