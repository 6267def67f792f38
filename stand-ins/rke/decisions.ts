/** RKE's decisions about a run as a whole, without IO. */
import type { Cluster } from "./cluster";
import { type Host, hasAddress, toDelete, uniqueHosts } from "./hosts";
import type { Taint } from "./rke-config";

/** No etcd host of the state is left: either all of them are down, or cluster.yml names none of them any more. */
export function etcdPlaneReplaced(current: Cluster, wanted: Cluster): boolean {
  if (current.etcd.length === 0 && wanted.etcd.length === 0) return false;
  const gone = toDelete(current.etcd, wanted.etcd, wanted.inactive, true);
  if (gone.length === current.etcd.length) return true;
  return !current.etcd.some((host) => hasAddress(wanted.etcd, host.address));
}

export const ETCD_PLANE_REPLACED =
  "Etcd plane nodes are replaced. Stopping provisioning. Please restore your cluster from backup.";

/** After the unreachable hosts have left the lists. Undefined when the cluster can go on. */
export function hostCountFault(cluster: Pick<Cluster, "etcd" | "inactive" | "config">): string | undefined {
  const external = cluster.config.services.etcd.externalUrls ?? [];
  if (cluster.etcd.length > 0) {
    return external.length > 0 ? "Cluster can't have both internal and external etcd" : undefined;
  }
  if (external.length > 0) return undefined;
  const [first] = cluster.inactive;
  if (first === undefined) {
    return "Cluster must have at least one etcd plane host: please specify one or more etcd in cluster config";
  }
  // RKE returns from inside its loop: it names the first unreachable host, if that is an etcd host at all.
  const named = first.isEtcd ? first.address : "";
  return `Cluster must have at least one etcd plane host: failed to connect to the following etcd host(s) [${named}]`;
}

/** A number of hosts, or a percentage rounded down; `rounded` when that gave none and RKE takes one. */
export function maxUnavailable(given: string, hosts: number, role: string): { count: number; rounded: boolean } {
  const invalid = () => new Error(`invalid input for max_unavailable_${role}: ${given}, value must be > 0`);
  const percent = /^(-?\d+)%$/.exec(given);
  if (percent) {
    if (given.startsWith("-") || given === "0%") throw invalid();
    const count = Math.floor((Number(percent[1]) * hosts) / 100);
    return count === 0 ? { count: 1, rounded: true } : { count, rounded: false };
  }
  const count = Number.parseInt(given, 10);
  if (!/^-?\d+$/.test(given))
    throw new Error(`invalid value for IntOrString: invalid value "${given}": not an integer`);
  if (count <= 0) throw invalid();
  return { count, rounded: false };
}

const WORKER_THREADS = 50;

/** The rest of `max` once the unreachable hosts are counted in, with RKE's words about it. */
export function remainingUnavailable(max: number, inactive: number, role: string): { count: number; said: string[] } {
  const said: string[] = [];
  let count = max;
  if (count > WORKER_THREADS) {
    count = WORKER_THREADS;
    said.push(
      `Resetting max_unavailable_${role} to 50, to avoid issues related to upgrading large number of nodes in parallel`,
    );
  }
  if (inactive > 0) {
    if (inactive >= count) {
      throw new Error(
        `cannot proceed with upgrade of ${role} since ${inactive} host(s) cannot be reached prior to upgrade`,
      );
    }
    count -= inactive;
    said.push(
      `Resetting max_unavailable_${role} to ${count} since ${inactive} host(s) cannot be reached prior to upgrade`,
    );
  }
  return { count, said };
}

/** Labels that the state gave a host and cluster.yml no longer does; and the roles that a removed role leaves. */
export function carryOver(current: Cluster, wanted: Cluster): void {
  const before = uniqueHosts(current);
  for (const host of uniqueHosts(wanted)) {
    const old = before.find((each) => each.address === host.address);
    if (old === undefined) continue;
    for (const [key, value] of Object.entries(old.node.labels ?? {})) {
      if (host.node.labels?.[key] === undefined) host.toDelLabels[key] = value;
    }
    old.isWorker = host.isWorker;
    old.isEtcd = host.isEtcd;
    old.isControl = host.isControl;
  }
}

const RESERVED = ["node-role.kubernetes.io/etcd=:NoExecute", "node-role.kubernetes.io/controlplane=:NoSchedule"];

function taintsOf(taints: Taint[] | undefined): Map<string, string> {
  const set = new Map<string, string>();
  for (const { key, value = "", effect } of taints ?? []) {
    const id = `${key}=:${effect}`;
    if (!RESERVED.includes(id) && !set.has(id)) set.set(id, `${key}=${value}:${effect}`);
  }
  return set;
}

export function syncTaints(current: Cluster | undefined, wanted: Cluster): void {
  const before = current ? uniqueHosts(current) : [];
  for (const host of uniqueHosts(wanted)) {
    const old = taintsOf(before.find((each) => each.address === host.address)?.node.taints);
    const expected = taintsOf(host.node.taints);
    for (const [id, taint] of expected) {
      const had = old.get(id);
      if (had === taint) continue;
      host.toAddTaints.push(taint);
      if (had !== undefined) host.toDelTaints.push(had);
    }
    for (const [id, taint] of old) if (!expected.has(id)) host.toDelTaints.push(taint);
  }
}

/** Hosts of the desired state that the current state doesn't know, by name. */
export function newHostNames(
  current: { hostnameOverride: string }[],
  desired: { hostnameOverride: string }[],
): string[] {
  const known = new Set(current.map((node) => node.hostnameOverride));
  return desired.map((node) => node.hostnameOverride).filter((name) => !known.has(name));
}

/** RKE takes the host behind the local kubeconfig last: it talks to the cluster through it. */
export function lastOfAll(hosts: Host[], address: string): Host[] {
  const self = hosts.filter((host) => host.address === address);
  return [...hosts.filter((host) => host.address !== address), ...self];
}
