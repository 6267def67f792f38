import type { Cluster } from "../cluster";
import type { Host } from "../hosts";
import type { DockerApi, HostLink, World } from "../io/world";
import type { Log } from "../log";

/** The input of every step of a run. */
export interface Run {
  world: World;
  log: Log;
  cluster: Cluster;
}

export function linkOf(host: Host): HostLink {
  if (host.link === undefined) throw new Error(`docker client is nil on host [${host.address}]`);
  return host.link;
}

export function dockerOf(host: Host): DockerApi {
  return linkOf(host).docker;
}

/** RKE works on up to 50 hosts at once, and tells the first failure as a list. */
export async function onAll(hosts: Host[], act: (host: Host) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(hosts.map(act));
  for (const result of results) {
    if (result.status === "rejected") throw new Error(`[${messageOf(result.reason)}]`);
  }
}

const POLL_MS = 200;

/** RKE sleeps and looks again; the stand-in looks more often: it decides the same, only sooner. */
export async function waitUpTo(world: World, limitMs: number, done: () => Promise<boolean>): Promise<boolean> {
  const end = world.now() + limitMs;
  while (world.now() < end) {
    await world.sleep(POLL_MS);
    if (await done()) return true;
  }
  return false;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
