/** The part of a recovery that is chance: how long an etcd that was started alone waits before it elects itself. */
export interface Election {
  /** Unix milliseconds, when etcd had read its data and began to wait. */
  at: number;
  seconds: number;
}

/** A command that prints those lines of a container's log that `electionOf` reads. */
export const electionLog = (container: string): string =>
  `docker logs --timestamps ${container} 2>&1 | grep -E 'became (follower|leader) at term' || true`;

/**
 * The first election of a container's log. etcd waits one to ten of its heartbeats (RKE's 500 ms): it picks an election timeout
 * at random and is let off but one heartbeat of the least one, as it is alone (raft.go resetRandomizedElectionTimeout,
 * etcdserver/server.go adjustTicks).
 *
 * @param log as `electionLog` prints it: Docker's timestamps come first
 */
export function electionOf(log: string): Election | undefined {
  const seen = [...log.matchAll(/^(\S+) .*became (follower|leader) at term/gm)].map(([, time = "", role]) => ({
    time: Date.parse(time.replace(/(\.\d{3})\d+/, "$1")),
    role,
  }));
  const leads = seen.findIndex((line) => line.role === "leader");
  const [began, ended] = [seen[leads - 1], seen[leads]];
  return began && ended && { at: began.time, seconds: (ended.time - began.time) / 1000 };
}
