import { survivors, voters } from "../topology/order";
import { allHosts, type Topology } from "../topology/topology";
import { isPath, type Recover } from "./recover";
import { peerUrl } from "./urls";

/** Snapshots to look for: the file that the operator named, and scheduled ones. A snapshot without any of these peer URLs is another cluster's. */
export interface SourceSearch {
  file: string | undefined;
  peers: string[];
  /** True if the ends of the members' WALs are to be read: several members survive, and one of them has the newest data. */
  logs: boolean;
}

export const sourceSearch = (topology: Topology, { from, lost }: Recover & { lost: string }): SourceSearch => ({
  file: isPath(from) ? from : undefined,
  peers: voters(allHosts(topology)).map(peerUrl),
  logs: survivors(topology, lost).filter((h) => h.etcd !== "none").length > 1,
});
