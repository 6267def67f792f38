/** Without a state file RKE looks for a cluster of its early releases before it believes in a new one. */
import { existsSync } from "node:fs";
import type { Host } from "../hosts";
import { uniqueHosts } from "../hosts";
import { NotFound } from "../io/world";
import { KUBERNETES_BIND } from "../plan/process";
import { dropContainer, isRunning, runContainer } from "./containers";
import { rebuildKubeconfig } from "./kubeconfig";
import { ask } from "./nodes";
import { dockerOf, messageOf, type Run } from "./run";
import { shell } from "./tools";
import { tunnelHosts } from "./tunnels";

const STATE_LIMIT_MS = 30_000;
const TEMP = "/etc/kubernetes/.tmp/";

/** Ends the run, as against a warning. */
export class LegacyAbort extends Error {}

async function fetchFile(run: Run, host: Host, container: string, file: string, plane: string): Promise<string> {
  if (!(await isRunning(run, host, container, true))) {
    // The image's own command, which ends at once: docker reads files of stopped containers too.
    const request = { ...shell(run, "", [KUBERNETES_BIND], { privileged: true }), Cmd: null };
    await runContainer(run, host, container, request, plane);
  }
  return dockerOf(host).readFile(container, file);
}

async function stateOnNodes(run: Run): Promise<boolean> {
  for (const host of uniqueHosts(run.cluster)) {
    try {
      const text = await fetchFile(run, host, "cluster-state-deployer", `${TEMP}cluster-state.yml`, "state");
      if (text !== "") return true;
    } catch {
      // The next host may have it.
    }
  }
  return false;
}

async function certificatesOnNodes(run: Run): Promise<void> {
  const { log, cluster } = run;
  log.info("[certificates] Fetching kubernetes certificates from nodes");
  let failure = "";
  for (const host of uniqueHosts({ etcd: cluster.etcd, control: cluster.control, worker: [] })) {
    try {
      await fetchFile(run, host, "cert-fetcher", `${TEMP}kube-ca.pem`, "certificates");
      await dropContainer(run, host, "cert-fetcher");
      throw new LegacyAbort("the stand-in does not model a cluster of RKE 0.1");
    } catch (error) {
      if (error instanceof LegacyAbort) throw error;
      failure = error instanceof NotFound ? `Certificate ${TEMP}kube-ca.pem is not found` : messageOf(error);
    }
  }
  throw new LegacyAbort(`Failed to fetch cluster certs from nodes, aborting upgrade: ${failure}`);
}

/** A kubeconfig without a state: RKE asks the API for both, then the hosts, and gives up. */
async function recover(run: Run): Promise<void> {
  const { world, log, cluster } = run;
  log.info("[state] Possible legacy cluster detected, trying to upgrade");
  await rebuildKubeconfig(run);
  log.info("[state] Fetching cluster state from Kubernetes");
  const kube = world.kube(cluster.kubeConfigPath);
  await world.sleep(STATE_LIMIT_MS);
  log.info("Timed out waiting for kubernetes cluster to get state");
  log.warn("Failed to fetch state from kubernetes: Timeout waiting for kubernetes cluster to get state");
  await tunnelHosts(run, cluster);
  log.info("[state] Fetching cluster state from Nodes");
  await stateOnNodes(run);
  log.info("[certificates] Getting Cluster certificates from Kubernetes");
  try {
    await ask(kube, "GET", "/api/v1/namespaces/kube-system/secrets/kube-ca");
    throw new LegacyAbort("the stand-in does not model a cluster of RKE 0.1");
  } catch (error) {
    if (error instanceof LegacyAbort) throw error;
    log.warn(`Failed to fetch certs from kubernetes: ${messageOf(error)}`);
  }
  await certificatesOnNodes(run);
}

export async function checkLegacy(run: Run): Promise<void> {
  const { log, cluster } = run;
  if (existsSync(cluster.statePath)) return;
  try {
    if (existsSync(cluster.kubeConfigPath)) {
      await recover(run);
      return;
    }
    await tunnelHosts(run, cluster);
    if (await stateOnNodes(run)) {
      throw new LegacyAbort(
        "This is a legacy cluster with no kube config, aborting upgrade. Please re-run rke up with rke 0.1.x to retrieve correct state",
      );
    }
  } catch (error) {
    if (error instanceof LegacyAbort) throw error;
    log.warn(`[state] can't fetch legacy cluster state from Kubernetes: ${messageOf(error)}`);
  }
}
