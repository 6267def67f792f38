/** From the state to cluster.yml: members, workers and control plane hosts that are gone or new. */
import type { Cluster } from "../cluster";
import { carryOver, ETCD_PLANE_REPLACED, etcdPlaneReplaced, lastOfAll } from "../decisions";
import { type Host, toAdd, toDelete } from "../hosts";
import type { ClientCertificate, KubeApi } from "../io/world";
import { nodePlans } from "../plan/node-plan";
import { restartForCertificates } from "./certificate-restart";
import { addMember, isMember, removeMember } from "./etcd-members";
import { startNewMember } from "./etcd-plane";
import { UNSCHEDULABLE_TAINTS } from "./host-planes";
import { kubeconfigAddress, rebuildKubeconfig } from "./kubeconfig";
import { deleteNode } from "./nodes";
import { messageOf, type Run } from "./run";
import { takeOff } from "./teardown";

export async function reconcile(run: Run, current: Cluster | undefined): Promise<void> {
  const { world, log, cluster } = run;
  log.info("[reconcile] Reconciling cluster state");
  if (current === undefined) {
    log.info("[reconcile] This is newly generated cluster");
    return;
  }
  if (Object.keys(current.certificates).length === 0) {
    throw new Error(
      "Certificates are not present in cluster state, recover rkestate file or certificate information in cluster state",
    );
  }
  const kube = world.kube(cluster.kubeConfigPath);
  carryOver(current, cluster);
  try {
    await reconcileEtcd(run, current, kube);
  } catch (error) {
    throw new Error(`Failed to reconcile etcd plane: ${messageOf(error)}`);
  }
  await reconcileWorkers(run, current, kube);
  await reconcileControl(run, current);
  if (cluster.forceDeployCerts) await restartForCertificates(run, current);
  log.info("[reconcile] Reconciled cluster state successfully");
}

async function reconcileEtcd(run: Run, current: Cluster, kube: KubeApi): Promise<void> {
  const { cluster } = run;
  const gone = toDelete(current.etcd, cluster.etcd, cluster.inactive);
  const added = toAdd(current.etcd, cluster.etcd);
  const node = current.certificates["kube-node"];
  const client = { cert: node?.certificatePEM ?? "", key: node?.keyPEM ?? "" };
  if (etcdPlaneReplaced(current, cluster)) throw new Error(ETCD_PLANE_REPLACED);
  for (const host of gone) {
    // Only its public address changed. RKE looks at the first added host alone.
    if (host.internalAddress === added[0]?.internalAddress) host.address = added[0].address;
  }
  await removeMembers(run, current, kube, gone, client);
  await addMembers(run, added, client);
}

/** A failure to remove a member is a warning. */
async function removeMembers(
  run: Run,
  current: Cluster,
  kube: KubeApi,
  gone: Host[],
  client: ClientCertificate,
): Promise<void> {
  const { log, cluster } = run;
  log.info("[reconcile] Check etcd hosts to be deleted");
  nodePlans(cluster, cluster.etcd);
  for (const host of gone) {
    host.isEtcd = false;
    try {
      await removeMember(run, host, client);
    } catch (error) {
      log.warn(`[reconcile] ${messageOf(error)}`);
      continue;
    }
    try {
      await deleteNode(run, kube, host, host.isControl || host.isWorker);
    } catch (error) {
      log.warn(`Failed to delete etcd node [${host.address}] from cluster: ${messageOf(error)}`);
      continue;
    }
    try {
      await takeOff(run, host, "etcd", current);
    } catch (error) {
      log.warn(`[reconcile] Couldn't clean up etcd node [${host.address}]: ${messageOf(error)}`);
    }
  }
}

async function addMembers(run: Run, added: Host[], client: ClientCertificate): Promise<void> {
  const { log, cluster } = run;
  log.info("[reconcile] Check etcd hosts to be added");
  for (const host of added) host.toAddEtcdMember = true;
  for (const host of added) {
    if (!(await isMember(run, host, client))) await addMember(run, host, client);
    host.toAddEtcdMember = false;
    cluster.etcdReady = cluster.etcd.filter((each) => !each.toAddEtcdMember);
    for (const ready of cluster.etcdReady) ready.existingEtcdCluster = true;
    await startNewMember(run, host, client);
  }
}

async function reconcileWorkers(run: Run, current: Cluster, kube: KubeApi): Promise<void> {
  const { log, cluster } = run;
  for (const host of toDelete(current.worker, cluster.worker, cluster.inactive)) {
    host.isWorker = false;
    try {
      await deleteNode(run, kube, host, host.isControl || host.isEtcd);
    } catch (error) {
      throw new Error(`Failed to delete worker node [${host.address}] from cluster: ${messageOf(error)}`);
    }
    try {
      await takeOff(run, host, "worker", current);
    } catch (error) {
      log.warn(`[reconcile] Couldn't clean up worker node [${host.address}]: ${messageOf(error)}`);
    }
  }
  for (const host of toAdd(current.worker, cluster.worker)) {
    if (host.isEtcd) host.toDelTaints.push(UNSCHEDULABLE_TAINTS.etcd);
    if (host.isControl) host.toDelTaints.push(UNSCHEDULABLE_TAINTS.control);
  }
}

async function reconcileControl(run: Run, current: Cluster): Promise<void> {
  const { log, cluster } = run;
  const gone = lastOfAll(
    toDelete(current.control, cluster.control, cluster.inactive),
    kubeconfigAddress(cluster.kubeConfigPath),
  );
  if (gone.length === current.control.length) {
    log.info("[reconcile] Deleting all current controlplane nodes, skipping deleting from k8s cluster");
  } else {
    for (const host of gone) await removeControlHost(run, current, host);
  }
  await rebuildKubeconfig(run);
}

export async function removeControlHost(run: Run, current: Cluster, host: Host): Promise<void> {
  const { world, log, cluster } = run;
  const kube = world.kube(cluster.kubeConfigPath);
  // A host that is in the list under its name is being replaced: its Node stays.
  if (!cluster.control.some((each) => each.name === host.name)) {
    try {
      await deleteNode(run, kube, host, host.isWorker || host.isEtcd);
    } catch (error) {
      throw new Error(`Failed to delete controlplane node [${host.address}] from cluster: ${messageOf(error)}`);
    }
  }
  try {
    await takeOff(run, host, "control", current);
  } catch (error) {
    log.warn(`[reconcile] Couldn't clean up controlplane node [${host.address}]: ${messageOf(error)}`);
  }
}
