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
  /** Patterns of files that others write, beside those of the jobs that a host has. */
  globs: string[];
  /** True if only those are read, of each pattern the newest ones until one is sound: in peace the schedule looks after its own. */
  onlyOthers: boolean;
}

/** Snapshots that an installer takes when it changes etcd: no job of a host names them, and none may have been taken for years. */
const byInstaller: Partial<Record<Topology["installer"], string[]>> = {
  // roles/etcd handlers/backup.yml: before a playbook restarts etcd
  kubespray: ["/var/backups/etcd-*/snapshot.db"],
  // release 4, roles/etcd/backup: before it upgrades etcd; releases 1 to 3 by a job, whose text may be gone
  kubekey: ["/var/lib/etcd-backup/install/etcd-*/snapshot.db", "/var/backups/kube_etcd/etcd-*/snapshot.db"],
};

const search = (topology: Topology) => ({
  peers: voters(allHosts(topology)).map(peerUrl),
  globs: topology.sources,
});

/** The search of a look in peace, which says how old the newest sound snapshot of each job is. */
export const searchInPeace = (topology: Topology): SourceSearch => ({
  ...search(topology),
  file: undefined,
  logs: false,
  onlyOthers: true,
});

export const sourceSearch = (topology: Topology, { from, lost }: Recover & { lost: string }): SourceSearch => ({
  ...search(topology),
  globs: [...topology.sources, ...(byInstaller[topology.installer] ?? [])],
  file: isPath(from) ? from : undefined,
  onlyOthers: false,
  logs: survivors(topology, lost).filter((h) => h.etcd !== "none").length > 1,
});
