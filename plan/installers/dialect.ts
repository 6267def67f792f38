import type { Runtime } from "../runtimes/runtime";
import type { Host, Topology } from "../topology/topology";
import { installerOf } from "./installers";

/** What a host's scripts are put together with: the runtime that starts its processes, and the installer whose names and paths it has. */
export interface Dialect {
  runtime: Runtime["name"];
  installer: Topology["installer"];
}

export const dialectOf = (topology: Pick<Topology, "installer">, host: Host): Dialect => ({
  runtime: installerOf(topology).runtimeOn(host).name,
  installer: topology.installer,
});
