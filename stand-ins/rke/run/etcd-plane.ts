import { containerRequest } from "../container";
import type { Host } from "../hosts";
import type { ClientCertificate } from "../io/world";
import { type NodePlan, nodePlans, processOf } from "../plan/node-plan";
import { removeContainer, runContainer } from "./containers";
import { clientCertificate, needHealthyEtcd } from "./health";
import type { Run } from "./run";
import { runRollingSnapshots } from "./snapshots";
import { linkLog, setEtcdPermissions } from "./tools";

async function startEtcd(run: Run, plans: Map<Host, NodePlan>, host: Host): Promise<void> {
  await setEtcdPermissions(run, host);
  await runContainer(run, host, "etcd", containerRequest(processOf(plans, host, "etcd")), "etcd");
}

/** One host after the other; healthy as soon as one of them is. */
export async function runEtcdPlane(run: Run): Promise<void> {
  const { log, cluster } = run;
  const plans = nodePlans(cluster, cluster.etcd);
  const { externalUrls = [], snapshot } = cluster.config.services.etcd;
  if (externalUrls.length > 0) {
    log.info("[etcd] External etcd connection string has been specified, skipping etcd plane");
    return;
  }
  log.info("[etcd] Building up etcd plane..");
  for (const host of cluster.etcd) {
    await startEtcd(run, plans, host);
    if (snapshot) await runRollingSnapshots(run, host);
    else await removeContainer(run, host, "etcd-rolling-snapshots");
    await linkLog(run, host, "etcd", "etcd");
  }
  log.info("[etcd] Successfully started etcd plane.. Checking etcd cluster health");
  await needHealthyEtcd(run, cluster.etcd, clientCertificate(run, "kube-node"));
}

/** RKE's pause between starting a new member and asking for health, so that the next one can be added. */
const NEW_MEMBER_MS = 10_000;

export async function startNewMember(run: Run, added: Host, client: ClientCertificate): Promise<void> {
  const plans = nodePlans(run.cluster, run.cluster.etcdReady);
  await startEtcd(run, plans, added);
  await linkLog(run, added, "etcd", "etcd");
  await run.world.sleep(NEW_MEMBER_MS);
  await needHealthyEtcd(run, run.cluster.etcdReady, client);
}
