import { voters } from "../topology/order";
import { allHosts, type Topology } from "../topology/topology";

/** How the survivor becomes a cluster of one: etcd's --force-new-cluster (a voter's data only), or `snapshot restore` (any source). */
export type Method = "forceNewCluster" | "restore";

/** The operator's choice of source and method. */
export interface Recover {
  /** `auto`, `voter`, `learner`, `snapshot`, a surviving host's name, or the path of a snapshot on a surviving host. */
  from: string;
  /** Only for a voter's data; undefined: forceNewCluster. From a learner (etcd panics) or a snapshot it is always restore. */
  method?: Method | undefined;
}

const kinds = ["auto", "voter", "learner", "snapshot"];

/**
 * Reads `rke-dr:recover`.
 * @throws Error with all problems, each as `item: rule: value`
 */
export function readRecover(value: unknown, topology: Topology, lost: string): Recover {
  if (value !== undefined && (typeof value !== "object" || value === null || Array.isArray(value))) {
    throw new Error(`rke-dr:recover: is not a mapping of from and method: ${JSON.stringify(value)}`);
  }
  const { from = "auto", method, ...rest } = (value ?? {}) as Record<string, unknown>;
  const problems = [
    ...(Object.keys(rest).length > 0 ? [`rke-dr:recover: unknown key: ${Object.keys(rest).join(", ")}`] : []),
    ...fromProblems(from, topology, lost),
    ...methodProblems(method, from, topology),
  ];
  if (problems.length > 0) {
    throw new Error(problems.join("\n  "));
  }
  return { from: from as string, method: method as Method | undefined };
}

/** True if the operator named a file, false for a kind of source or a host. */
export const isPath = (from: string): boolean => from.startsWith("/");

function fromProblems(from: unknown, topology: Topology, lost: string): string[] {
  const left = allHosts(topology).filter((h) => h.datacenter !== lost);
  const known = [...kinds, ...left.map((h) => h.name)];
  if (typeof from === "string" && isPath(from)) {
    return /^(\/[\w.@%+=:,-]+)+$/.test(from) && !from.split("/").includes("..")
      ? []
      : [
          `rke-dr:recover.from: a path is absolute, without .., of letters, digits and ._@%+=:,- : ${JSON.stringify(from)}`,
        ];
  }
  return typeof from === "string" && known.includes(from)
    ? []
    : [
        `rke-dr:recover.from: is neither ${kinds.join(", ")}, a surviving host (${left.map((h) => h.name).join(", ")}) nor an absolute path: ${JSON.stringify(from)}`,
      ];
}

function methodProblems(method: unknown, from: unknown, topology: Topology): string[] {
  if (method === undefined || method === "restore") {
    return [];
  }
  if (method !== "forceNewCluster") {
    return [`rke-dr:recover.method: is neither forceNewCluster nor restore: ${JSON.stringify(method)}`];
  }
  const forced = ["auto", "voter", ...voters(allHosts(topology)).map((h) => h.name)];
  return typeof from === "string" && !forced.includes(from)
    ? [
        `rke-dr:recover.method: only a voter's data can be forced into a new cluster, from ${from} it is restored: "forceNewCluster"`,
      ]
    : [];
}
