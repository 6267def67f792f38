/** What the loss of one host or one datacenter means, in words for a reviewer. */
export interface Loss {
  lost: string[];
  /** Names of voters. */
  votersLeft: string[];
  quorum: "kept" | "lost";
  /** Whether a kube-apiserver is left that an etcd with quorum answers. */
  api: "kept" | "lost";
  /** What recovery would start from. */
  startsFrom: string;
  mayBeLost: string;
  /** The same as a bound, in seconds of writes; 1 stands for what a voter or learner may lag behind, Infinity (null in JSON) for everything. */
  mayBeLostSeconds: number;
  /** What would prevent it, the most thorough first; empty where nothing needs preventing. */
  prevention: string[];
  /** What this program can't do about it yet. */
  cannotYet: string[];
  notes: string[];
}
