import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { declaredTopology, readProject, readTopologyFile } from "../declared-topology";
import type { Topology } from "../plan/topology/topology";
import { mapping } from "../plan/values/mapping";

export { readTopologyFile } from "../declared-topology";

/** The two stacks of a cluster. */
export type Role = "primary" | "failover";

/**
 * The settings of a stack, by their keys such as "rke-dr:lost"; none if the project has no file for it.
 * @param stack its name, also as ORGANIZATION/PROJECT/STACK
 */
export function stackConfig(project: string, stack: string): Record<string, unknown> {
  const path = join(project, `Pulumi.${stack.split("/").at(-1)}.yaml`);
  return existsSync(path) ? mapping(mapping(readProject(path, readFileSync(path, "utf8"))).config) : {};
}

/** Options of a command on a cluster, for parseArgs: its Pulumi project and, if that has several, the cluster's name; or a topology by itself. */
export const topologyOptions = {
  project: { type: "string", default: join(__dirname, "..") },
  cluster: { type: "string" },
  topology: { type: "string" },
} as const;

/** The values of these options. */
export interface ChosenTopology {
  project: string;
  cluster?: string | undefined;
  topology?: string | undefined;
}

/** The topology that such a command is for: a stack's, unless one was named. @throws Error if there is no such cluster */
export function chosenTopology(chosen: ChosenTopology, role: Role): Topology {
  if (chosen.topology !== undefined && chosen.cluster !== undefined) {
    throw new Error("--cluster: doesn't go with --topology");
  }
  return chosen.topology === undefined
    ? stackTopology(chosen.project, chosenStack(chosen, role))
    : readTopologyFile(chosen.topology);
}

/** The stack of such a command's cluster. @throws Error if there is no such cluster */
export function chosenStack({ project, cluster }: ChosenTopology, role: Role): string {
  if (cluster === undefined) return role;
  const names = clustersIn(project, role);
  if (!names.includes(cluster)) {
    const known = names.length === 0 ? "none has a file" : names.join(", ");
    throw new Error(
      `--cluster: Pulumi.NAME-${role}.yaml must be there; of these clusters it is: ${known}: ${JSON.stringify(cluster)}`,
    );
  }
  return `${cluster}-${role}`;
}

/** The names of a project's clusters, those that have a file Pulumi.NAME-ROLE.yaml. @throws Error if the folder can't be read */
export const clustersIn = (project: string, role: Role): string[] =>
  readdirSync(project)
    .flatMap((file) => new RegExp(`^Pulumi\\.(.+)-${role}\\.yaml$`).exec(file)?.[1] ?? [])
    .sort();

/** The topology as a stack sees it: one among its own settings, or in a file that they name, replaces the project's. */
export function stackTopology(project: string, stack: string): Topology {
  const own = stackConfig(project, stack)["rke-dr:topology"];
  return own === undefined ? readTopologyFile(join(project, "Pulumi.yaml")) : declaredTopology(own, project);
}
