import type { Reachable } from "../../facts/facts";
import { factsOf, type Observation } from "../../facts/observation";
import { etcdProcess, initialCluster } from "../../installers/rke/etcd";
import { etcdServers, kubeApiServerProcess } from "../../installers/rke/kube-apiserver";
import { type Container, commandOf, processOf } from "../../runtimes/docker/container";
import { createBody, epochLabel } from "../../runtimes/docker/create-body";
import { unlike } from "../../runtimes/docker/differs";
import { argument, type Process, withArgument } from "../../runtimes/process";
import type { Host, Topology } from "../../topology/topology";

/** A container as it runs, as it will run, and where that differs from what RKE would plan. */
export interface Replacement {
  host: Host;
  before: Process | undefined;
  after: Process;
  /** Lines `- RKE's` and `+ ours`; empty: `rke up` will leave the container alone. */
  unlikeRke: string[];
  body: string;
}

/** The container from before this act, whatever the act has done to it so far; one that the act itself has made is none. */
export function original(facts: Reachable | undefined, name: string, epoch: number): Container | undefined {
  const current = facts?.containers[name];
  return (
    facts?.containers[`${name}-before-epoch-${epoch}`] ??
    (current?.Config.Labels?.[epochLabel] === String(epoch) ? undefined : current) ??
    // set aside by the return guard, on account of the epoch that it saw
    Object.entries(facts?.containers ?? {})
      .filter(([key]) => key.startsWith(`${name}-before-epoch-`))
      .sort(([a], [b]) => b.localeCompare(a, "en", { numeric: true }))[0]?.[1]
  );
}

export function replaceEtcd(
  topology: Topology,
  epoch: number,
  seen: Observation,
  left: Host[],
  host: Host,
  members: Host[] = [host],
): Replacement {
  const facts = factsOf(seen, host);
  const base = original(facts, "etcd", epoch);
  const planned = etcdProcess(topology, left, host, facts?.architecture || "x86_64");
  const before = base && processOf(base);
  const after: Process = before
    ? {
        ...before,
        name: "etcd",
        cmd: withArgument(
          withArgument(before.cmd, "initial-cluster", initialCluster(members)),
          "initial-cluster-state",
          "new",
        ).filter((arg) => !arg.startsWith("--force-new-cluster")),
      }
    : planned;
  return { host, before, after, unlikeRke: unlike(planned, after), body: createBody(after, epoch, base) };
}

export function replaceApiServer(
  topology: Topology,
  epoch: number,
  seen: Observation,
  left: Host[],
  host: Host,
): Replacement {
  const base = original(factsOf(seen, host), "kube-apiserver", epoch);
  const before = base && processOf(base);
  const checksum = before?.env.find((e) => e.startsWith("RKE_AUDITLOG_CONFIG_CHECKSUM="))?.split("=")[1];
  const planned = kubeApiServerProcess(topology, left, host, checksum);
  const after: Process = before
    ? {
        ...before,
        name: "kube-apiserver",
        entrypoint: withArgument(before.entrypoint, "etcd-servers", etcdServers(left, host)),
      }
    : planned;
  return { host, before, after, unlikeRke: unlike(planned, after), body: createBody(after, epoch, base) };
}

/**
 * Whether the replacement, or what RKE has made of it since, runs: only the arguments that a failover is about are
 * compared, so that a later `rke up` with other settings isn't taken for damage.
 */
export function runs(facts: Reachable | undefined, replacement: Replacement): boolean {
  const container = facts?.containers[replacement.after.name];
  if (container?.State.Status !== "running") {
    return false;
  }
  const command = commandOf(container);
  const wanted = [...replacement.after.entrypoint, ...replacement.after.cmd];
  const same = (name: string) => argument(command, name) === argument(wanted, name);
  return same("initial-cluster") && same("etcd-servers") && !command.includes("--force-new-cluster");
}
