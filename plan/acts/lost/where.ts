import type { Reachable } from "../../facts/facts";
import { factsOf, type Observation } from "../../facts/observation";
import { argument, commandOf, type Process } from "../../runtimes/process";
import { isRunning, type Running } from "../../runtimes/running";
import { leftOutIn } from "../../steps/act";
import { clusterOrder } from "../../topology/order";
import { type Host, hasApi, type Topology } from "../../topology/topology";

/** Data of etcd's on a host: a folder that has `member`, or a snapshot's file. */
export interface Data {
  host: Host;
  path: string;
  bytes: number;
  /** The image whose etcd can read it. */
  image: string;
}

/** What a failover gave up, and what can be compared. */
export interface Lost {
  epoch: number;
  datacenter: string;
  /** The data with which the failover began. */
  base: Data;
  /** The data of the hosts that were given up and are back. */
  returned: Data[];
  /** Hosts that were given up and whose data can't be read, with the reason. */
  missing: string[];
  /** Of Kubernetes' keys in etcd. */
  prefix: string;
}

/** Why there is nothing to compare, a line each; the datacenter that the failover gave up, if there was such a failover. */
export interface NothingToCompare {
  problems: string[];
  datacenter?: string;
}

/** The reason why nothing can be named for such a topology; empty if it can. */
export const lostProblems = (topology: Topology): string[] =>
  hasApi(topology)
    ? []
    : [
        `topology.installer: what was lost is named by Kubernetes' objects, and an etcd alone has none that this program knows: ${topology.installer}`,
      ];

/**
 * Finds the data of a failover's two sides.
 *
 * @param seen all hosts, looked at with the failover's epoch
 * @returns the data, or the reasons why there is nothing to compare, a line each
 */
export function whereLost(topology: Topology, epoch: number, seen: Observation): Lost | NothingToCompare {
  const hosts = clusterOrder(topology);
  const [record] = hosts.flatMap((host) => {
    const plan = factsOf(seen, host)?.plan ?? {};
    return plan.lost && plan.member && plan.role !== "failback" ? [plan] : [];
  });
  if (!record) return { problems: [noFailover(topology, epoch, seen)] };
  const datacenter = record.lost ?? "";
  const out = leftOutIn(record);
  const gone = (host: Host) => host.datacenter === datacenter || out.includes(host.name);
  const member = hosts.find((h) => h.name === record.member);
  const base = member && baseOf(member, epoch, seen);
  const found = hosts.filter((h) => gone(h) && h.etcd !== "none").map((h) => returnedOf(h, epoch, topology, seen));
  const returned = found.filter((f) => typeof f !== "string");
  const missing = found.filter((f) => typeof f === "string");
  const problems = [
    ...(base && typeof base !== "string"
      ? []
      : [base ?? `${record.member}: the host that etcd was recovered on must be in the topology: it isn't`]),
    ...(returned.length > 0 ? [] : missing),
  ];
  if (problems.length > 0 || !base || typeof base === "string") return { problems, datacenter };
  const api = hosts.flatMap((h) => factsOf(seen, h)?.processes["kube-apiserver"] ?? [])[0];
  return {
    epoch,
    datacenter,
    base,
    returned,
    missing,
    prefix: (api && argument(commandOf(api.process), "etcd-prefix")) ?? "/registry",
  };
}

function noFailover(topology: Topology, epoch: number, seen: Observation): string {
  const known = clusterOrder(topology).flatMap((h) => factsOf(seen, h)?.epoch ?? []);
  const silent = clusterOrder(topology).flatMap((h) => {
    const facts = seen.hosts[h.name];
    return facts?.reachable === false ? [`${h.name}: ${facts.reason}`] : [];
  });
  return [
    `--epoch: must be the epoch of a failover: no host has a record of one of epoch ${epoch}`,
    `  The hosts are at epoch ${[...new Set(known)].sort((a, b) => a - b).join(", ") || "unknown"}; a failback has an epoch of its own, one more than its failover's`,
    ...silent.map((line) => `  ${line}`),
  ].join("\n");
}

const asideAt = (facts: Reachable, ...paths: string[]): { path: string; bytes: number } | undefined =>
  paths.flatMap((path) => facts.aside.find((a) => a.path === path) ?? [])[0];

/** A restore keeps the snapshot that it began with; a force sets the survivor's own data aside as it was. */
function baseOf(host: Host, epoch: number, seen: Observation): Data | string {
  const facts = factsOf(seen, host);
  if (!facts) return unreachable(host, seen);
  const found = asideAt(
    facts,
    `/var/lib/rke-dr/epoch-${epoch}/snapshot.db`,
    `/var/lib/etcd/before-epoch-${epoch}`,
    `/var/lib/rke-dr/epoch-${epoch}/data`,
  );
  const image = imageOf(facts, epoch);
  if (!found)
    return `${host.name}: the data with which the failover of epoch ${epoch} began must lie aside: it is gone, as after rke-dr:purge`;
  return image === undefined
    ? `${host.name}: must have an image of etcd to read the data with: none is known`
    : { host, ...found, image };
}

/** A failback sets the old data aside under its own epoch; before it, the data is where it was. */
function returnedOf(host: Host, epoch: number, topology: Topology, seen: Observation): Data | string {
  const facts = factsOf(seen, host);
  if (!facts) return unreachable(host, seen);
  if (facts.cluster !== undefined && facts.cluster !== topology.cluster) {
    return `${host.name}: belongs to cluster ${facts.cluster}, not to ${topology.cluster}`;
  }
  const aside = facts.aside
    .flatMap((a) => {
      const [, number] = /^\/var\/lib\/(?:rke-dr\/epoch-|etcd\/rke-dr-epoch-)(\d+)\/etcd-data$/.exec(a.path) ?? [];
      return number !== undefined && Number(number) > epoch ? [{ ...a, number: Number(number) }] : [];
    })
    .sort((a, b) => a.number - b.number)[0];
  if (aside) {
    const image = imageOf(facts, aside.number);
    return image === undefined
      ? `${host.name}: must have an image of etcd to read ${aside.path} with: none is known`
      : { host, path: aside.path, bytes: aside.bytes, image };
  }
  if (facts.epoch > epoch) {
    return `${host.name}: its old data must lie aside: it isn't there; the host was rebuilt, or its data was purged`;
  }
  if (isRunning(facts.processes.etcd)) {
    return `${host.name}: its old etcd must not run while its data is read: it does; bring the host back first (docs/failback.md)`;
  }
  const image = imageOf(facts, epoch);
  if (facts.etcdBytes === 0) return `${host.name}: must have etcd's old data: it has none`;
  return image === undefined
    ? `${host.name}: must have an image of etcd to read /var/lib/etcd with: none is known`
    : { host, path: "/var/lib/etcd", bytes: facts.etcdBytes, image };
}

const unreachable = (host: Host, seen: Observation): string => {
  const facts = seen.hosts[host.name];
  return `${host.name} (${host.address}): must answer by SSH: ${facts?.reachable === false ? facts.reason : "it wasn't looked at"}`;
};

/** The image of the etcd that wrote the data if it is still there, else that of another etcd of the host. */
function imageOf(facts: Reachable, epoch: number): string | undefined {
  const etcds = Object.values(facts.processes).filter((p) => /^etcd(-before-epoch-\d+)?$/.test(p.name));
  return (etcds.find((p) => p.name === `etcd-before-epoch-${epoch}`) ?? etcds[0])?.process.image;
}

/** The kube-apiserver whose image and arguments can show the objects of the data on a host; undefined if the host never had one. */
export function apiServerOf(facts: Reachable | undefined): Process | undefined {
  const found: Running[] = Object.values(facts?.processes ?? {}).filter((p) =>
    /^kube-apiserver(-before-epoch-\d+)?$/.test(p.name),
  );
  return (found.find(isRunning) ?? found[0])?.process;
}
