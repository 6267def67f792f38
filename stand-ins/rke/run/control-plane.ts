import { remainingUnavailable } from "../decisions";
import type { Host } from "../hosts";
import type { KubeApi } from "../io/world";
import { type NodePlan, nodePlans } from "../plan/node-plan";
import { runEtcdPlane } from "./etcd-plane";
import { controlToDo, deployControl, deployWorker, workerToDo } from "./host-planes";
import { checkReady } from "./nodes";
import { messageOf, onAll, type Run } from "./run";
import { upgradeHosts } from "./upgrade";
import { runWorkerPlane } from "./worker-plane";

type Plans = Map<Host, NodePlan>;

/** The etcd plane first; a fresh control plane all at once, a known one host by host. */
export async function deployControlPlane(run: Run, reconcile: boolean): Promise<void> {
  const { world, cluster } = run;
  const kube = reconcile ? world.kube(cluster.kubeConfigPath) : undefined;
  try {
    await runEtcdPlane(run);
  } catch (error) {
    throw new Error(`[etcd] Failed to bring up Etcd Plane: ${messageOf(error)}`);
  }
  const plans = nodePlans(cluster, cluster.control);
  if (kube) {
    await upgradeControlPlane(run, kube, plans);
    return;
  }
  try {
    await runControlPlane(run, cluster.control, plans);
  } catch (error) {
    throw new Error(`[controlPlane] Failed to bring up Control Plane: ${messageOf(error)}`);
  }
}

async function runControlPlane(run: Run, hosts: Host[], plans: Plans): Promise<void> {
  run.log.info("[controlplane] Building up Controller Plane..");
  await onAll(hosts, (host) => deployControl(run, plans, host));
  run.log.info("[controlplane] Successfully started Controller Plane..");
}

async function notReadyHosts(run: Run, kube: KubeApi, hosts: Host[]): Promise<Host[]> {
  const found: Host[] = [];
  for (const host of hosts) {
    if (run.cluster.newHosts.has(host.name)) continue;
    try {
      await checkReady(run, kube, host, "controlplane");
    } catch {
      found.push(host);
    }
  }
  return found;
}

/** Hosts that are NotReady anyway are brought up first, all at once, and may fail. */
async function tryNotReady(run: Run, kube: KubeApi, hosts: Host[], plans: Plans): Promise<void> {
  const { log } = run;
  const names = hosts.map((host) => host.name).join(",");
  log.info(`Attempting upgrade of controlplane components on following hosts in NotReady status: ${names}`);
  const attempt = async (what: string, act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      log.error(`Failed to upgrade ${what} components on NotReady hosts, error: ${messageOf(error)}`);
    }
  };
  await attempt("controlplane", () => runControlPlane(run, hosts, plans));
  await attempt("worker", () => runWorkerPlane(run, hosts, plans));
  for (const host of hosts) {
    try {
      await checkReady(run, kube, host, "controlplane");
    } catch (error) {
      log.error(`Host ${host.name} failed to report Ready status with error: ${messageOf(error)}`);
    }
  }
}

async function upgradeControlPlane(run: Run, kube: KubeApi, plans: Plans): Promise<void> {
  const { log, cluster } = run;
  const inactive = new Set(cluster.inactive.filter((host) => host.isControl).map((host) => host.name));
  const { count, said } = remainingUnavailable(cluster.maxUnavailableControl, inactive.size, "controlplane");
  for (const line of said) log.info(line);
  const notReady = await notReadyHosts(run, kube, cluster.control);
  if (notReady.length > 0) await tryNotReady(run, kube, notReady, plans);

  log.info(`[controlplane] Processing controlplane hosts for upgrade ${count} at a time`);
  const added = cluster.control.filter((host) => cluster.newHosts.has(host.name)).map((host) => host.name);
  if (added.length > 0) log.info(`[controlplane] Adding controlplane nodes ${added.join(",")} to the cluster`);
  const faults: string[] = [];
  try {
    await upgradeHosts(run, kube, {
      plane: "controlplane",
      hosts: cluster.control,
      atOnce: count,
      inactive,
      said: (host) => `Processing controlplane host ${host.name}`,
      start: async (host) => {
        await deployControl(run, plans, host);
        await deployWorker(run, plans, host);
      },
      toDo: (host) => toDo(run, plans, host),
      nothingToDo: (host) => `Upgrade not required for controlplane and worker components of host ${host.name}`,
      uncordonFailed: (host, why) => `[controlplane] Failed to uncordon node ${host.name}, error: ${why}`,
    });
  } catch (error) {
    const hosts = (error as { hosts?: string[] }).hosts ?? [];
    if (hosts.length > 0) log.error(`Failed to upgrade hosts: ${hosts.join(",")} with error ${messageOf(error)}`);
    faults.push(messageOf(error));
  }
  if (inactive.size > 0) {
    const names = [...inactive].join(",");
    faults.push(`provisioning incomplete, host(s) [${names}] skipped because they could not be contacted`);
  }
  if (faults.length > 0) throw new Error(`[controlPlane] Failed to upgrade Control Plane: [${faults.join(" ")}]`);
  log.info("[controlplane] Successfully upgraded Controller Plane..");
}

async function toDo(run: Run, plans: Plans, host: Host) {
  const control = await controlToDo(plans, host);
  const worker = await workerToDo(plans, host);
  const act = async () => {
    if (control) {
      run.log.info(`Upgrading controlplane components for control host ${host.name}`);
      await deployControl(run, plans, host);
    }
    if (worker) {
      run.log.info(`Upgrading workerplane components for control host ${host.name}`);
      await deployWorker(run, plans, host);
    }
  };
  return { any: control || worker, act };
}
