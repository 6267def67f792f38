import { lookup } from "node:dns/promises";
import { setTimeout as pause } from "node:timers/promises";
import type { Reachable } from "../plan/facts/facts";

/** Milliseconds: a resolver of the lost datacenter may never answer, and no recovery waits for it. */
const limit = 1000;

/**
 * Where a name leads from this machine; undefined if that isn't known here within a second: the operator may reach the hosts by a bastion, and know
 * none of their names.
 */
export function leadsHere(name: string): Promise<Reachable["endpoint"]> {
  const asked = lookup(name, { all: true }).then(
    (found) => ({ name, addresses: found.map((one) => one.address) }),
    () => undefined,
  );
  return Promise.race([asked, pause(limit, undefined, { ref: false })]);
}
