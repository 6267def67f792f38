import { installerOf } from "../installers/installers";
import type { RuntimeCommands } from "../runtimes/runtime";
import type { Host, Topology } from "../topology/topology";

/** The commands of the runtimes that these hosts have, each runtime once. */
export function commandsOn(topology: Pick<Topology, "installer">, hosts: Host[]): RuntimeCommands[] {
  return [...new Set(hosts.map((host) => installerOf(topology).runtimeOn(host).commands))];
}
