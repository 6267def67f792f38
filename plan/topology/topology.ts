import type { DeclaredTopology } from "./schema";

/** A host's role in the cluster, in RKE's words. */
export type Role = "controlplane" | "etcd" | "worker";

/** A host's part in etcd. */
export type EtcdPart = "voter" | "learner" | "none";

/** A host together with the datacenter that it stands in. `internalAddress` and `etcd` are always set. */
export interface Host
  extends Omit<DeclaredTopology["datacenters"][number]["hosts"][number], "internalAddress" | "etcd"> {
  internalAddress: string;
  etcd: EtcdPart;
  datacenter: string;
}

export interface Datacenter extends Omit<DeclaredTopology["datacenters"][number], "hosts" | "deployHost"> {
  /** Undefined for a witness only. */
  deployHost: string | undefined;
  hosts: Host[];
}

/** The validated topology; defaults are filled in. */
export interface Topology extends Omit<DeclaredTopology, "datacenters"> {
  datacenters: Datacenter[];
}

export function allHosts(topology: Topology): Host[] {
  return topology.datacenters.flatMap((dc) => dc.hosts);
}

/** False for an etcd alone: then nothing here is a Kubernetes cluster's. */
export const hasApi = ({ installer }: Pick<Topology, "installer">): boolean => installer !== "unit";

export function findDatacenter(topology: Topology, dcName: string): Datacenter | undefined {
  return topology.datacenters.find((dc) => dc.name === dcName);
}

/** The datacenters that run more than a voter: all but witnesses. Each has a deploy host. */
export function sites(topology: Topology): Datacenter[] {
  return topology.datacenters.filter((dc) => !dc.witness);
}

/** The datacenter from which a failover acts when another is lost. */
export function takesOver(topology: Topology, lost: string): string {
  return topology.standby === lost ? (sites(topology).find((dc) => dc.name !== lost)?.name ?? "") : topology.standby;
}

/** User and port for SSH to a host: its own if it has them, else those for all hosts. */
export function sshLogin(all: { user: string; port: number }, host: Host): { user: string; port: number } {
  return { user: host.ssh?.user ?? all.user, port: host.ssh?.port ?? all.port };
}

/** SSH's users on these hosts, each once. */
export const sshUsers = ({ ssh }: { ssh: Pick<Topology["ssh"], "user" | "port"> }, hosts: Host[]): string[] => [
  ...new Set(hosts.map((h) => sshLogin(ssh, h).user)),
];

/** A host as SSH's target: USER@ADDRESS:PORT. */
export function sshTarget({ ssh }: { ssh: Pick<Topology["ssh"], "user" | "port"> }, host: Host): string {
  const { user, port } = sshLogin(ssh, host);
  return `${user}@${host.address}:${port}`;
}

/** The hosts from which `rke` runs, one for each datacenter but witnesses. */
export const deployHosts = (topology: Topology): Host[] => sites(topology).map((dc) => deployHost(topology, dc.name));

/** The host from which `rke` runs for a datacenter. */
export function deployHost(topology: Topology, dcName: string): Host {
  const dc = findDatacenter(topology, dcName);
  const found = dc?.hosts.find((h) => h.name === dc.deployHost);
  if (!found) {
    throw new Error(`datacenter ${dcName} has no deploy host`);
  }
  return found;
}
