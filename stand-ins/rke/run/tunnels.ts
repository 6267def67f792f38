/** Connecting to hosts, and letting go of those that don't answer. */
import type { Cluster } from "../cluster";
import { hostCountFault } from "../decisions";
import { type Host, uniqueHosts, without } from "../hosts";
import { DOCKER_VERSIONS } from "../release";
import { messageOf, type Run } from "./run";

class UnsupportedDocker extends Error {}

function checkDockerVersion(host: Host): void {
  const minor = (version: string) => version.split(".").slice(0, 2).join(".");
  const { ServerVersion } = host.info;
  if (DOCKER_VERSIONS.some((supported) => minor(supported) === minor(ServerVersion))) return;
  throw new UnsupportedDocker(
    `Unsupported Docker version found [${ServerVersion}] on host [${host.address}], supported versions are [${DOCKER_VERSIONS.join(" ")}]`,
  );
}

export async function tunnelUp(
  { world, log }: Pick<Run, "world" | "log">,
  host: Host,
  ignoreVersion: boolean,
): Promise<void> {
  if (host.link) return;
  log.info(`[dialer] Setup tunnel for host [${host.address}]`);
  // The host's own address may have been corrected meanwhile, when only its public address changed.
  host.link = world.link({ ...host.node, address: host.address });
  try {
    host.info = await host.link.docker.info();
  } catch (error) {
    throw new Error(`Can't retrieve Docker Info: ${messageOf(error)}`);
  }
  if (!ignoreVersion) checkDockerVersion(host);
}

/** Unreachable hosts leave the lists and the configuration: from here on cluster.yml never had them. */
export async function tunnelHosts(run: Pick<Run, "world" | "log">, cluster: Cluster): Promise<void> {
  const { log } = run;
  cluster.inactive = [];
  const connect = async (host: Host) => {
    try {
      await tunnelUp(run, host, cluster.config.ignoreDockerVersion);
    } catch (error) {
      if (error instanceof UnsupportedDocker) throw error;
      log.warn(`Failed to set up SSH tunneling for host [${host.address}]: ${messageOf(error)}`);
      cluster.inactive.push(host);
    }
  };
  await Promise.all(uniqueHosts(cluster).map(connect));
  for (const host of cluster.inactive) {
    log.warn(`Removing host [${host.address}] from node lists`);
    cluster.etcd = without(host, cluster.etcd);
    cluster.control = without(host, cluster.control);
    cluster.worker = without(host, cluster.worker);
    cluster.config.nodes = cluster.config.nodes.filter((node) => node.address !== host.address);
  }
  const fault = hostCountFault(cluster);
  if (fault !== undefined) throw new Error(fault);
}
