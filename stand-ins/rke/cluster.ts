/** A cluster as RKE holds it while it works: the configuration, its hosts by role, and what a run finds out. */
import { basename, dirname } from "node:path";
import type { Bundle } from "./certificates/bundle";
import { type Host, type HostLists, listsOf } from "./hosts";
import type { NodeConfig, RkeConfig } from "./rke-config";

export interface Cluster extends HostLists {
  config: RkeConfig;
  configPath: string;
  kubeConfigPath: string;
  statePath: string;
  inactive: Host[];
  etcdReady: Host[];
  certificates: Bundle;
  forceDeployCerts: boolean;
  newHosts: Set<string>;
  maxUnavailableWorker: number;
  maxUnavailableControl: number;
}

/** `./` in front of a bare file name: RKE joins folder and name with a slash, and says so in its messages. */
export function pathsOf(configPath: string): { kubeConfigPath: string; statePath: string; certDir: string } {
  const folder = dirname(configPath);
  const name = basename(configPath);
  const stem = `${folder}/${name}`.replace(/\.[^./]*$/, "");
  return { kubeConfigPath: `${folder}/kube_config_${name}`, statePath: `${stem}.rkestate`, certDir: `${stem}_certs` };
}

export function makeCluster(config: RkeConfig, configPath: string, forceDeployCerts = false): Cluster {
  refuseDuplicates(config.nodes);
  return {
    config,
    configPath,
    ...pathsOf(configPath),
    ...listsOf(config.nodes),
    inactive: [],
    etcdReady: [],
    certificates: {},
    forceDeployCerts,
    newHosts: new Set(),
    maxUnavailableWorker: 1,
    maxUnavailableControl: 1,
  };
}

function refuseDuplicates(nodes: NodeConfig[]): void {
  for (const key of ["address", "hostnameOverride"] as const) {
    const values = nodes.map((node) => node[key]);
    const twice = values.find((value, index) => values.indexOf(value) !== index);
    if (twice !== undefined) throw new Error(`Failed to validate cluster: Cluster can't have duplicate node: ${twice}`);
  }
}
