import { remainingUnavailable } from "../decisions";
import { type Host, uniqueHosts } from "../hosts";
import { type KubeApi, NotFound } from "../io/world";
import { type NodePlan, nodePlans } from "../plan/node-plan";
import { deployWorker, workerToDo } from "./host-planes";
import { checkReady, getNode } from "./nodes";
import { messageOf, onAll, type Run } from "./run";
import { upgradeHosts } from "./upgrade";

type Plans = Map<Host, NodePlan>;

export async function runWorkerPlane(run: Run, hosts: Host[], plans: Plans): Promise<void> {
  run.log.info("[worker] Building up Worker Plane..");
  await onAll(hosts, (host) => deployWorker(run, plans, host));
  run.log.info("[worker] Successfully started Worker Plane..");
}

/** The text that RKE reports at the very end if fewer workers failed than may be unavailable; else empty. */
export async function deployWorkerPlane(run: Run, reconcile: boolean): Promise<string> {
  const { world, cluster } = run;
  const hosts = uniqueHosts(cluster);
  const plans = nodePlans(cluster, hosts);
  if (!reconcile) {
    try {
      await runWorkerPlane(run, hosts, plans);
    } catch (error) {
      throw new Error(`[workerPlane] Failed to bring up Worker Plane: ${messageOf(error)}`);
    }
    return "";
  }
  return upgradeWorkerPlane(run, world.kube(cluster.kubeConfigPath), plans, hosts);
}

async function tryNotReady(run: Run, kube: KubeApi, hosts: Host[], plans: Plans): Promise<void> {
  const { log } = run;
  const notReady: Host[] = [];
  for (const host of hosts) {
    if (run.cluster.newHosts.has(host.name)) continue;
    try {
      await checkReady(run, kube, host, "worker");
    } catch {
      notReady.push(host);
    }
  }
  if (notReady.length === 0) return;
  const names = notReady.map((host) => host.name).join(",");
  log.info(`Attempting upgrade of worker components on following hosts in NotReady status: ${names}`);
  try {
    await runWorkerPlane(run, notReady, plans);
  } catch (error) {
    log.error(`Failed to upgrade worker components on NotReady hosts, error: ${messageOf(error)}`);
  }
  for (const host of notReady) {
    try {
      await checkReady(run, kube, host, "worker");
    } catch (error) {
      log.error(`Host ${host.name} failed to report Ready status with error: ${messageOf(error)}`);
    }
  }
}

async function noteMissingNodes(run: Run, kube: KubeApi, hosts: Host[]): Promise<void> {
  for (const host of hosts) {
    try {
      await getNode(run, kube, host.name);
    } catch (error) {
      if (error instanceof NotFound) run.cluster.newHosts.add(host.name);
    }
  }
}

async function upgradeWorkerPlane(run: Run, kube: KubeApi, plans: Plans, hosts: Host[]): Promise<string> {
  const { log, cluster } = run;
  const inactive = new Set(cluster.inactive.filter((host) => !host.isControl).map((host) => host.name));
  const { count, said } = remainingUnavailable(cluster.maxUnavailableWorker, inactive.size, "worker");
  for (const line of said) log.info(line);
  // Control plane hosts have had their worker services by now.
  const etcdHosts = hosts.filter((host) => !host.isControl && host.isEtcd);
  const workersOnly = hosts.filter((host) => !host.isControl && !host.isEtcd);
  const all = [...etcdHosts, ...workersOnly];
  await tryNotReady(run, kube, all, plans);

  const upgrade = (some: Host[], atOnce: number) =>
    upgradeHosts(run, kube, {
      plane: "worker",
      hosts: some,
      atOnce,
      inactive,
      said: (host) => `[workerplane] Processing host ${host.name}`,
      start: (host) => deployWorker(run, plans, host),
      toDo: async (host) => ({
        any: await workerToDo(plans, host),
        act: () => deployWorker(run, plans, host),
      }),
      nothingToDo: (host) => `[workerplane] Upgrade not required for worker components of host ${host.name}`,
      uncordonFailed: (host, why) => `[workerplane] Failed to uncordon node ${host.name}, error: ${why}`,
    });
  const failed = (error: unknown) => {
    const names = (error as { hosts?: string[] }).hosts ?? [];
    const told = `Failed to upgrade hosts: ${names.join(",")} with error ${messageOf(error)}`;
    log.error(told);
    return { names, told };
  };
  const fatal = (error: unknown) => new Error(`[workerPlane] Failed to upgrade Worker Plane: ${messageOf(error)}`);

  log.info("[worker] Upgrading Worker Plane..");
  await noteMissingNodes(run, kube, all);
  let told = "";
  if (etcdHosts.length > 0) {
    log.info("First checking and processing worker components for upgrades on nodes with etcd role one at a time");
  }
  try {
    await upgrade(etcdHosts, 1);
  } catch (error) {
    failed(error);
    throw fatal(error);
  }
  if (workersOnly.length > 0) {
    log.info(`Now checking and upgrading worker components on nodes with only worker role ${count} at a time`);
  }
  try {
    await upgrade(workersOnly, count);
  } catch (error) {
    const failure = failed(error);
    if (failure.names.length >= count) throw fatal(error);
    told = failure.told;
  }
  log.info("[worker] Successfully upgraded Worker Plane..");
  return told;
}
