import type { Reachable } from "../../facts/facts";
import { factsOf, type Observation } from "../../facts/observation";
import { installerOf } from "../../installers/installers";
import { argument, commandOf, type Process, withArgument, withCommand } from "../../runtimes/process";
import { isRunning, type Running } from "../../runtimes/running";
import type { Site } from "../../topology/site";
import type { Host } from "../../topology/topology";
import { architectureSeen } from "./architecture";

/** A container as it runs and as it will run, and how the latter differs from RKE's plan. */
export interface Replacement {
  host: Host;
  before: Process | undefined;
  after: Process;
  /** Lines `- RKE's` and `+ ours`; empty: `rke up` will leave the container alone. */
  unlikePlan: string[];
  /** The runtime's description of it; empty if it stays as it runs. */
  body: string;
}

/** The container from before this act, even if the act has renamed it; never a container that the act itself has made. */
export function original(facts: Reachable | undefined, name: string, epoch: number): Running | undefined {
  const current = facts?.processes[name];
  return (
    facts?.processes[`${name}-before-epoch-${epoch}`] ??
    (current?.epoch === epoch ? undefined : current) ??
    // set aside by the return guard, on account of the epoch that it saw
    Object.entries(facts?.processes ?? {})
      .filter(([key]) => key.startsWith(`${name}-before-epoch-`))
      .sort(([a], [b]) => b.localeCompare(a, "en", { numeric: true }))[0]?.[1]
  );
}

export function replaceEtcd(
  site: Site,
  epoch: number,
  seen: Observation,
  host: Host,
  members: Host[] = [host],
): Replacement {
  const facts = factsOf(seen, host);
  const base = original(facts, "etcd", epoch);
  const { plannedEtcd, recoveredEtcd } = installerOf(site);
  const planned = plannedEtcd(site, host, architectureSeen(site, seen, host));
  const before = base?.process;
  const after = before ? recoveredEtcd(before, host, members) : planned;
  return replacement(site, { host, before, after, planned, epoch, base });
}

export function replaceApiServer(site: Site, epoch: number, seen: Observation, host: Host): Replacement {
  const base = original(factsOf(seen, host), "kube-apiserver", epoch);
  const before = base?.process;
  const { asksOwnEtcd, etcdServers, plannedApiServer } = installerOf(site);
  const planned = plannedApiServer(site, host, before);
  const after = before
    ? {
        ...withCommand(before, (command) => withArgument(command, "etcd-servers", etcdServers(site, host))),
        name: "kube-apiserver",
      }
    : planned;
  // one that the return guard has set aside comes back as it was, too
  const stays =
    asksOwnEtcd(site, host) &&
    before !== undefined &&
    argument(commandOf(before), "etcd-servers") === etcdServers(site, host);
  const made = replacement(site, { host, before, after, planned, epoch, base });
  // one that asks the etcd of its own host has nothing to change
  return stays ? { ...made, body: "" } : made;
}

function replacement(
  site: Site,
  how: Pick<Replacement, "host" | "before" | "after"> & { planned: Process; epoch: number; base: Running | undefined },
): Replacement {
  const { host, before, after, planned, epoch, base } = how;
  const runtime = installerOf(site).runtimeOn(host);
  return {
    host,
    before,
    after,
    unlikePlan: runtime.differs(planned, after),
    body: runtime.spec(after, epoch, { base }),
  };
}

/**
 * True if the replacement runs, or the container that RKE has made from it since. Only the arguments that a failover changes
 * are compared, so that a later `rke up` with other settings isn't taken for damage.
 */
export function runs(facts: Reachable | undefined, replacement: Replacement): boolean {
  const found = facts?.processes[replacement.after.name];
  if (!isRunning(found)) {
    return false;
  }
  const command = commandOf(found.process);
  const wanted = commandOf(replacement.after);
  const same = (name: string) => argument(command, name) === argument(wanted, name);
  return same("initial-cluster") && same("etcd-servers") && !command.includes("--force-new-cluster");
}
