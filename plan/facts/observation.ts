import type { Host } from "../topology/topology";
import type { HostFacts, Reachable } from "./facts";

/** The hosts' facts, read before anything is decided. */
export interface Observation {
  /** By host name; the survivors' for a failover, all hosts' for primary. */
  hosts: Record<string, HostFacts>;
  /** Ports of lost hosts that answered the operator, as "HOST PORT", or "HOST PORT refused". */
  answers: string[];
  /** Where the API's name leads from the operator's machine; undefined if it wasn't asked. */
  endpoint?: Reachable["endpoint"];
  /** Time of the observation by the operator's clock, Unix milliseconds. */
  at: number;
}

export function factsOf(seen: Observation, host: Host): Reachable | undefined {
  const facts = seen.hosts[host.name];
  return facts?.reachable ? facts : undefined;
}
