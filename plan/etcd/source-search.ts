import { voters } from "../topology/order";
import { allHosts, type Topology } from "../topology/topology";
import { isPath, type Recover } from "./recover";
import { peerUrl } from "./urls";

/** Which snapshots are looked for: one that the operator named, and the schedule's; of a cluster with these peer URLs. */
export interface SourceSearch {
  file: string | undefined;
  peers: string[];
}

export const sourceSearch = (topology: Topology, { from }: Recover): SourceSearch => ({
  file: isPath(from) ? from : undefined,
  peers: voters(allHosts(topology)).map(peerUrl),
});
