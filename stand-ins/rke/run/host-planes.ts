/** The services of one host: start or update them in order, or ask whether there is anything to do. */
import { containerRequest } from "../container";
import { imagesOf } from "../defaults";
import type { Host } from "../hosts";
import { type NodePlan, processOf } from "../plan/node-plan";
import { SIDEKICK } from "../plan/process";
import { changes, createContainer, inspect, isRunning, needImage, removeContainer, runContainer } from "./containers";
import { checkService } from "./health";
import type { Run } from "./run";
import { linkLog } from "./tools";

type Plans = Map<Host, NodePlan>;
const CONTROL = [SIDEKICK, "kube-apiserver", "kube-controller-manager", "kube-scheduler"];
const WORKER = ["nginx-proxy", SIDEKICK, "kubelet", "kube-proxy"];

async function runService(run: Run, plans: Plans, host: Host, name: string, plane: string): Promise<void> {
  const process = processOf(plans, host, name);
  await runContainer(run, host, name, containerRequest(process), plane);
  if (process.healthCheck.url !== undefined) await checkService(run, host, process);
  await linkLog(run, host, name, plane);
}

async function runSidekick(run: Run, plans: Plans, host: Host): Promise<void> {
  const request = containerRequest(processOf(plans, host, SIDEKICK));
  let stale = false;
  if (await isRunning(run, host, SIDEKICK, true)) {
    stale = ((await changes(host, SIDEKICK, request)) ?? []).length > 0;
    if (!stale) {
      run.log.info(`[sidekick] Sidekick container already created on host [${host.address}]`);
      return;
    }
  }
  await needImage(run, host, imagesOf(run.cluster.config).tools, "sidekick");
  if (stale) await removeContainer(run, host, SIDEKICK);
  await createContainer(run, host, SIDEKICK, request);
}

export async function deployControl(run: Run, plans: Plans, host: Host): Promise<void> {
  if (host.isWorker) await removeContainer(run, host, "nginx-proxy");
  await runSidekick(run, plans, host);
  for (const name of ["kube-apiserver", "kube-controller-manager", "kube-scheduler"]) {
    await runService(run, plans, host, name, "controlplane");
  }
}

const UNSCHEDULABLE = {
  etcd: "node-role.kubernetes.io/etcd=true:NoExecute",
  control: "node-role.kubernetes.io/controlplane=true:NoSchedule",
};

export async function deployWorker(run: Run, plans: Plans, host: Host): Promise<void> {
  if (!host.isWorker) {
    if (host.isEtcd) host.toAddTaints.push(UNSCHEDULABLE.etcd);
    if (host.isControl) host.toAddTaints.push(UNSCHEDULABLE.control);
  }
  if (!host.isControl) await runService(run, plans, host, "nginx-proxy", "worker");
  await runSidekick(run, plans, host);
  await runService(run, plans, host, "kubelet", "worker");
  await runService(run, plans, host, "kube-proxy", "worker");
}

export const UNSCHEDULABLE_TAINTS = UNSCHEDULABLE;

async function anyToDo(plans: Plans, host: Host, names: string[]): Promise<boolean> {
  for (const name of names) {
    const process = plans.get(host)?.[name];
    if (process === undefined) {
      // A control plane host has no nginx-proxy planned: RKE takes one that is there for a difference.
      if (await inspect(host, name)) return true;
      continue;
    }
    const changed = await changes(host, name, containerRequest(process));
    if (changed === undefined || changed.length > 0) return true;
  }
  return false;
}

export const controlToDo = (plans: Plans, host: Host) => anyToDo(plans, host, CONTROL);
export const workerToDo = (plans: Plans, host: Host) => anyToDo(plans, host, WORKER);
