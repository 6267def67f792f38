/** Hosts of a plane one after the other, as many at a time as may be unavailable. */
import type { Host } from "../hosts";
import type { KubeApi } from "../io/world";
import { checkReady, cordon, isReady, listNodes, nodeHost } from "./nodes";
import { messageOf, type Run } from "./run";

export interface Upgrade {
  plane: "controlplane" | "worker";
  hosts: Host[];
  atOnce: number;
  inactive: Set<string>;
  said(host: Host): string;
  /** Deploys a host that is new to the cluster. */
  start(host: Host): Promise<void>;
  toDo(host: Host): Promise<{ any: boolean; act: () => Promise<void> }>;
  nothingToDo(host: Host): string;
  uncordonFailed(host: Host, why: string): string;
}

export class UpgradeFailed extends Error {
  constructor(
    readonly hosts: string[],
    message: string,
  ) {
    super(message);
  }
}

/** Another host of this plane that isn't Ready counts as unavailable, unless it is new or known to be down. */
async function notReadyOthers(run: Run, kube: KubeApi, upgrade: Upgrade, failed: Set<string>): Promise<string[]> {
  const nodes = await listNodes(kube);
  run.log.info(`[${upgrade.plane}] Getting list of nodes for upgrade`);
  return nodes
    .filter((node) => !isReady(node))
    .map(nodeHost)
    .filter((name) => upgrade.hosts.some((host) => host.name === name))
    .filter((name) => !run.cluster.newHosts.has(name) && !upgrade.inactive.has(name))
    .filter((name) => upgrade.plane === "controlplane" || !failed.has(name));
}

async function upgradeHost(run: Run, kube: KubeApi, upgrade: Upgrade, host: Host): Promise<void> {
  const { any, act } = await upgrade.toDo(host);
  if (!any) {
    run.log.info(upgrade.nothingToDo(host));
    try {
      await cordon(run, kube, host.name, false);
    } catch (error) {
      run.log.error(upgrade.uncordonFailed(host, messageOf(error)));
    }
    return;
  }
  await cordon(run, kube, host.name, true);
  await act();
  await checkReady(run, kube, host, upgrade.plane);
  await cordon(run, kube, host.name, false);
}

export async function upgradeHosts(run: Run, kube: KubeApi, upgrade: Upgrade): Promise<void> {
  const queue = [...upgrade.hosts];
  const failed = new Set<string>();
  const faults: string[][] = [];

  const work = async () => {
    const own: string[] = [];
    faults.push(own);
    for (let host = queue.shift(); host !== undefined; host = queue.shift()) {
      run.log.info(upgrade.said(host));
      try {
        if (run.cluster.newHosts.has(host.name)) {
          await upgrade.start(host);
          continue;
        }
        await checkReady(run, kube, host, upgrade.plane);
        let full = false;
        for (const name of await notReadyOthers(run, kube, upgrade, failed)) {
          if (failed.size >= upgrade.atOnce) {
            full = true;
            break;
          }
          failed.add(name);
          own.push(`host ${name} not ready`);
        }
        if (full || failed.size >= upgrade.atOnce) return;
        await upgradeHost(run, kube, upgrade, host);
      } catch (error) {
        own.push(messageOf(error));
        failed.add(host.name);
        return;
      }
    }
  };

  await Promise.all(Array.from({ length: upgrade.atOnce }, work));
  const first = faults.find((each) => each.length > 0);
  if (first !== undefined) throw new UpgradeFailed([...failed], `[${first.join(" ")}]`);
}
