import { voters } from "../topology/order";
import { allHosts, type Topology } from "../topology/topology";
import { isPath, type Recover } from "./recover";
import { peerUrl } from "./urls";

/** Snapshots to look for: the file that the operator named, and scheduled ones. A snapshot without any of these peer URLs is another cluster's. */
export interface SourceSearch {
  file: string | undefined;
  peers: string[];
}

export const sourceSearch = (topology: Topology, { from }: Recover): SourceSearch => ({
  file: isPath(from) ? from : undefined,
  peers: voters(allHosts(topology)).map(peerUrl),
});
