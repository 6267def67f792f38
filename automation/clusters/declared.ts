import { existsSync } from "node:fs";
import { join } from "node:path";
import { clustersIn, stackConfig, stackTopology } from "../../cli/topology-file";
import { declaredTopology } from "../../declared-topology";
import { majorityWithout } from "../../plan/etcd/quorum";
import { allHosts, findDatacenter, type Host, sshLogin, type Topology } from "../../plan/topology/topology";
import { suggestion } from "../../plan/values/nearest";

/** One of several clusters of a Pulumi project. */
export interface Cluster {
  /** NAME of the stack NAME-failover. */
  name: string;
  stack: string;
  topology: Topology;
}

/** What the loss of a datacenter means to a cluster, by its topology alone. */
export interface Loss {
  cluster: Cluster;
  kind: "hit" | "not needed" | "not hit";
  /** Why no failover is needed; "" if the loss stops the cluster. */
  words: string;
}

/**
 * The clusters of a project: each has a file Pulumi.NAME-failover.yaml that names its topology.
 * @throws Error with all that is wrong, a line each
 */
export function declaredClusters(project: string): Cluster[] {
  if (!existsSync(join(project, "Pulumi.yaml"))) {
    throw new Error(`project: must be a folder with a Pulumi.yaml: ${project}`);
  }
  const names = clustersIn(project, "failover");
  if (names.length === 0) {
    throw new Error(`${project}: must have a file Pulumi.NAME-failover.yaml for each cluster: none is there`);
  }
  const problems: string[] = [];
  const clusters = names.flatMap((name): Cluster[] => {
    try {
      return [clusterOf(project, name)];
    } catch (error) {
      const [first, ...more] = (error instanceof Error ? error.message : String(error)).split("\n");
      problems.push([`cluster ${name}: ${first}`, ...more].join("\n"));
      return [];
    }
  });
  problems.push(...twice(clusters));
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return clusters;
}

function clusterOf(project: string, name: string): Cluster {
  const stack = `${name}-failover`;
  const declared = stackConfig(project, stack)["rke-dr:topology"];
  if (declared === undefined) {
    throw new Error(`rke-dr:topology: must be set in Pulumi.${stack}.yaml, such as topologies/${name}.yaml: nothing`);
  }
  return { name, stack, topology: declaredTopology(declared, project) };
}

/** Two clusters with one name would share signed/NAME and take each other's hosts for their own; a host belongs to one cluster. */
function twice(clusters: Cluster[]): string[] {
  const names = grouped(clusters.map((c) => [c.topology.cluster, c.name]));
  const hosts = grouped(
    clusters.flatMap((c) => allHosts(c.topology).map((host): [string, string] => [machine(c.topology, host), c.name])),
  );
  return [
    ...names.map(
      ([name, of]) => `cluster ${of.join(", ")}: topology.cluster must be another's alone: ${JSON.stringify(name)}`,
    ),
    ...hosts
      .filter(([, of]) => new Set(of).size > 1)
      .map(([host, of]) => `cluster ${[...new Set(of)].join(", ")}: a host must be of one cluster: ${host}`),
  ];
}

/** Where SSH reaches a host: behind different bastions one address may be of different machines. */
function machine({ ssh }: Topology, host: Host): string {
  const way = ssh.bastion === undefined ? "" : ` behind ${ssh.bastion.host}`;
  return `${host.address}:${sshLogin(ssh, host).port}${way}`;
}

/** The values of each key that has more than one. */
function grouped(pairs: [key: string, value: string][]): [string, string[]][] {
  const groups = new Map<string, string[]>();
  for (const [key, value] of pairs) groups.set(key, [...(groups.get(key) ?? []), value]);
  return [...groups].filter(([, values]) => values.length > 1);
}

/** A sentence if the project's own stack `failover` has a cluster beside those of the stacks NAME-failover: it doesn't run with them. */
export function clusterBeside(project: string, clusters: Cluster[]): string | undefined {
  if (!existsSync(join(project, "Pulumi.failover.yaml"))) return undefined;
  let name = "the cluster";
  try {
    const { cluster } = stackTopology(project, "failover");
    if (clusters.some((c) => c.topology.cluster === cluster)) return undefined;
    name = `cluster ${cluster}`;
  } catch {
    // what is wrong with it is no reason for the others to wait; its own preview says it
  }
  return `${name} of stack failover is none of these and doesn't run with them: \`pulumi preview --stack failover\``;
}

/** @throws Error if no cluster has a datacenter of that name */
export function lossesOf(clusters: Cluster[], lost: string): Loss[] {
  const known = [...new Set(clusters.flatMap((c) => c.topology.datacenters.map((dc) => dc.name)))].sort();
  if (!known.includes(lost)) {
    throw new Error(`--lost: must be a datacenter of a cluster, ${suggestion(lost, known)}: ${JSON.stringify(lost)}`);
  }
  return clusters.map((cluster): Loss => {
    if (!findDatacenter(cluster.topology, lost))
      return { cluster, kind: "not hit", words: `it has no host in ${lost}` };
    const { kept, words } = majorityWithout(cluster.topology, lost);
    return kept ? { cluster, kind: "not needed", words } : { cluster, kind: "hit", words: "" };
  });
}
