/** Taking services and files off a host that has left a plane. */
import type { Cluster } from "../cluster";
import type { Host } from "../hosts";
import { SIDEKICK } from "../plan/process";
import { removeContainer } from "./containers";
import { messageOf, type Run } from "./run";
import { cleanHost } from "./tools";
import { tunnelUp } from "./tunnels";

type Plane = "worker" | "etcd" | "control";
const DIALS = 3;
const PAUSE_MS = 3000;
const FILES = ["/etc/kubernetes/", "/etc/cni/", "/opt/cni/", "/var/run/calico/", "/var/lib/cni"];

async function dial(run: Run, host: Host, cluster: Cluster): Promise<void> {
  let failure: unknown;
  for (let attempt = 0; attempt < DIALS; attempt++) {
    try {
      await tunnelUp(run, host, cluster.config.ignoreDockerVersion);
      return;
    } catch (error) {
      failure = error;
      host.link = undefined;
      await run.world.sleep(PAUSE_MS);
    }
  }
  throw new Error(`Not able to reach the host: ${messageOf(failure)}`);
}

async function removeAll(run: Run, host: Host, names: string[]): Promise<void> {
  for (const name of names) await removeContainer(run, host, name);
}

const SHARED = ["kubelet", "kube-proxy"];

async function removeWorker(run: Run, host: Host): Promise<void> {
  const { log } = run;
  log.info("[worker] Tearing down Worker Plane..");
  if (host.isControl) log.info(`[worker] Host [${host.address}] is already a controlplane host, nothing to do.`);
  else await removeAll(run, host, [...SHARED, "nginx-proxy", SIDEKICK]);
  log.info("[worker] Successfully tore down Worker Plane..");
  if (host.isControl || host.isEtcd) {
    log.info(`[hosts] Host [${host.address}] is already a controlplane or etcd host, skipping cleanup.`);
    return;
  }
  await cleanHost(run, host, FILES);
}

async function removeEtcd(run: Run, host: Host): Promise<void> {
  const { log } = run;
  log.info("[etcd] Tearing down etcd plane..");
  await removeAll(run, host, ["etcd", "etcd-rolling-snapshots"]);
  if (!host.isWorker || !host.isControl) await removeAll(run, host, [...SHARED, "nginx-proxy", SIDEKICK]);
  log.info("[etcd] Successfully tore down etcd plane..");
  if (host.isWorker || host.isControl) {
    log.info(`[hosts] Host [${host.address}] is already a worker or control host, skipping cleanup certs.`);
    await cleanHost(run, host, ["/var/lib/etcd/"]);
    return;
  }
  await cleanHost(run, host, ["/var/lib/etcd/", "/etc/kubernetes/"]);
}

async function removeControl(run: Run, host: Host): Promise<void> {
  const { log } = run;
  log.info("[controlplane] Tearing down the Controller Plane..");
  await removeAll(run, host, ["kube-apiserver", "kube-controller-manager", "kube-scheduler"]);
  if (!host.isWorker || !host.isEtcd) await removeAll(run, host, [...SHARED, SIDEKICK]);
  log.info("[controlplane] Successfully tore down Controller Plane..");
  if (host.isWorker || host.isEtcd) {
    log.info(`[hosts] Host [${host.address}] is already a worker or etcd host, skipping cleanup.`);
    return;
  }
  await cleanHost(run, host, FILES);
}

/** Dials a host three times before it gives up: with a dead one that is most of the time a run takes. */
export async function takeOff(run: Run, host: Host, plane: Plane, current: Cluster): Promise<void> {
  await dial(run, host, current);
  switch (plane) {
    case "worker":
      return removeWorker(run, host);
    case "etcd":
      return removeEtcd(run, host);
    case "control":
      return removeControl(run, host);
    default:
      throw new Error(`unknown plane ${plane satisfies never}`);
  }
}
