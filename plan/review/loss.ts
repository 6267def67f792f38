/** The consequences of losing one host or one datacenter, in words for a reviewer. */
export interface Loss {
  lost: string[];
  /** Names of voters. */
  votersLeft: string[];
  quorum: "kept" | "lost";
  /** `kept` if a kube-apiserver and an etcd with quorum are left. */
  api: "kept" | "lost";
  /** The source of a recovery. */
  startsFrom: string;
  mayBeLost: string;
  /** The same as a bound, in seconds of writes; 1 stands for what a voter or learner may lag behind, Infinity (null in JSON) for everything. */
  mayBeLostSeconds: number;
  /** Changes of the topology that would prevent it, the most thorough first; empty if quorum is kept. */
  prevention: string[];
  /** Parts of the recovery that this program can't do yet. */
  cannotYet: string[];
  notes: string[];
}
