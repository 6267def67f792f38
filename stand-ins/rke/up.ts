/** `rke up`, from cluster.yml to a running cluster, in RKE's order. Real effects come before the state that tells them. */
import { readFileSync } from "node:fs";
import { deployEnvironment } from "./certificates/bundle";
import { type Cluster, makeCluster, pathsOf } from "./cluster";
import { parseClusterFile, unmodelled } from "./cluster-file";
import { maxUnavailable, newHostNames, syncTaints } from "./decisions";
import { applyDefaultsAgain, imagesOf } from "./defaults";
import { rebuildState } from "./desired";
import { toAdd, toDelete, uniqueHosts } from "./hosts";
import type { World } from "./io/world";
import type { Log } from "./log";
import { rkeVersion } from "./releases";
import { applyAuthorization, saveStateToKubernetes } from "./run/authz";
import { needImage } from "./run/containers";
import { deployControlPlane } from "./run/control-plane";
import { deployFiles, restartIfChanged } from "./run/files";
import { rebuildKubeconfig } from "./run/kubeconfig";
import { checkLegacy } from "./run/legacy";
import { syncNode } from "./run/nodes";
import { reconcile, removeControlHost } from "./run/reconcile";
import { messageOf, onAll, type Run } from "./run/run";
import { cleanLogs, deployCertificates } from "./run/tools";
import { tunnelHosts } from "./run/tunnels";
import { deployWorkerPlane } from "./run/worker-plane";
import { type FullState, readState, writeState } from "./state";

export interface UpOptions {
  config: string;
  ignoreDockerVersion: boolean;
  disablePortCheck: boolean;
  customCerts: boolean;
  certDir?: string;
}

function readClusterFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`Failed to resolve cluster file: can not find cluster configuration file: ${messageOf(error)}`);
  }
}

async function init(world: World, log: Log, options: UpOptions): Promise<void> {
  const config = parseClusterFile(readClusterFile(options.config), options.ignoreDockerVersion);
  const faults = unmodelled(config);
  if (faults.length > 0) throw new Error(`the stand-in does not model: ${faults.join("; ")}`);
  log.info("Initiating Kubernetes cluster");
  const old = readState(pathsOf(options.config).statePath);
  const cluster = makeCluster(config, options.config);
  await checkLegacy({ world, log, cluster });
  const folder = options.certDir ?? pathsOf(options.config).certDir;
  const state = await rebuildState(cluster, old, { custom: options.customCerts, folder }, log);
  writeState(state, cluster.statePath, log);
}

function currentOf(cluster: Cluster, state: FullState): Cluster | undefined {
  const { rkeConfig, certificatesBundle = {} } = state.currentState;
  if (!rkeConfig) return undefined;
  const current = makeCluster(applyDefaultsAgain(rkeConfig), cluster.configPath);
  current.certificates = certificatesBundle;
  return current;
}

/** RKE checks ports between hosts with containers that publish them, before anything is deployed on a new host. */
function sayPortCheck({ log, cluster }: Run, current: Cluster | undefined): void {
  const planes = ["etcd", "worker", "control"] as const;
  const added = planes.flatMap((plane) => toAdd(current?.[plane] ?? [], cluster[plane]));
  if (added.length > 0) log.warn("[network] stand-in: the port check between hosts is not modelled, skipping it");
  else log.info("[network] No hosts added existing cluster, skipping port check");
}

/** The API server's certificate alone decides whether certificates are forced onto the hosts. */
function compareCertificates({ log, cluster }: Run, current: Cluster | undefined): void {
  const name = "kube-apiserver";
  if (!current) return;
  if (cluster.certificates[name]?.certificatePEM === current.certificates[name]?.certificatePEM) return;
  log.info(`[certificates] ${name} certificate changed, force deploying certs`);
  cluster.forceDeployCerts = true;
}

async function setUpHosts(run: Run): Promise<void> {
  const { log, cluster } = run;
  log.info("[certificates] Deploying kubernetes certificates to Cluster nodes");
  await onAll(uniqueHosts(cluster), (host) => {
    const { nodes } = cluster.config;
    return deployCertificates(
      run,
      host,
      deployEnvironment(nodes, host, cluster.certificates, cluster.forceDeployCerts),
    );
  });
  await rebuildKubeconfig(run);
  log.info("[certificates] Successfully deployed kubernetes certificates to Cluster nodes");
  await deployFiles(run);
}

function setMaxUnavailable({ log, cluster }: Run, state: FullState): void {
  const { maxUnavailableWorker, maxUnavailableControlplane } = cluster.config.upgradeStrategy;
  const known = state.currentState.rkeConfig?.nodes ?? [];
  cluster.newHosts = new Set(newHostNames(known, state.desiredState.rkeConfig?.nodes ?? []));
  const count = (given: string, hosts: number, role: string) => {
    const { count, rounded } = maxUnavailable(given, hosts, role);
    if (rounded) log.info(`max_unavailable_${role} got rounded down to 0, resetting to 1`);
    return count;
  };
  // RKE adds the unreachable hosts that are no workers to the workers.
  const workers = cluster.worker.length + cluster.inactive.filter((host) => !host.isWorker).length;
  const controls = cluster.control.length + cluster.inactive.filter((host) => host.isControl).length;
  cluster.maxUnavailableWorker = count(maxUnavailableWorker, workers, "worker");
  cluster.maxUnavailableControl = count(maxUnavailableControlplane, controls, "controlplane");
  log.info(`Setting maxUnavailable for worker nodes to: ${cluster.maxUnavailableWorker}`);
  log.info(`Setting maxUnavailable for controlplane nodes to: ${cluster.maxUnavailableControl}`);
}

async function prePull(run: Run): Promise<void> {
  run.log.info("Pre-pulling kubernetes images");
  await onAll(uniqueHosts(run.cluster), (host) =>
    needImage(run, host, imagesOf(run.cluster.config).hyperkube, "pre-deploy"),
  );
  run.log.info("Kubernetes images pulled successfully");
}

async function syncLabelsAndTaints(run: Run, current: Cluster | undefined): Promise<void> {
  const { world, log, cluster } = run;
  if (current) {
    const gone = toDelete(current.control, cluster.control, cluster.inactive);
    if (gone.length === current.control.length) {
      log.info("[sync] Cleaning left control plane nodes from reconciliation");
      for (const host of gone) await removeControlHost(run, current, host);
    }
  }
  syncTaints(current, cluster);
  if (cluster.control.length === 0) return;
  log.info("[sync] Syncing nodes Labels and Taints");
  const kube = world.kube(cluster.kubeConfigPath);
  await onAll(uniqueHosts(cluster), (host) => syncNode(run, kube, host));
  log.info("[sync] Successfully synced nodes Labels and Taints");
}

function sayAddons({ log, cluster }: Run): void {
  if (cluster.control.length === 0) return;
  log.info(`[network] Setting up network plugin: ${cluster.config.network.plugin}`);
  log.info("[network] Not deploying a cluster network, expecting custom CNI");
  log.info("[ingress] Metrics Server is disabled, skipping Metrics server installation");
  log.info("[ingress] ingress controller is disabled, skipping ingress controller");
  log.info("[addons] Setting up user addons");
  log.info("[addons] no user addons defined");
}

async function build(world: World, log: Log, options: UpOptions): Promise<void> {
  const state = readState(pathsOf(options.config).statePath);
  const { rkeConfig, certificatesBundle = {} } = state.desiredState;
  if (!rkeConfig) throw new Error(`no desired state in ${pathsOf(options.config).statePath}`);
  const cluster = makeCluster(applyDefaultsAgain(rkeConfig), options.config, options.customCerts);
  const run: Run = { world, log, cluster };
  log.info("Building Kubernetes cluster");
  await tunnelHosts(run, cluster);
  const current = currentOf(cluster, state);
  if (!options.disablePortCheck) sayPortCheck(run, current);
  cluster.certificates = certificatesBundle;
  compareCertificates(run, current);
  await setUpHosts(run);
  await reconcile(run, current);
  if (current) setMaxUnavailable(run, state);
  await restartIfChanged(run, current);
  await prePull(run);
  await deployControlPlane(run, current !== undefined);
  await applyAuthorization(run);
  state.currentState = {
    rkeConfig: structuredClone(cluster.config),
    certificatesBundle: cluster.certificates,
  };
  writeState(state, cluster.statePath, log);
  await saveStateToKubernetes(run, state);
  const workersFailed = await deployWorkerPlane(run, current !== undefined);
  await onAll(uniqueHosts(cluster), (host) => cleanLogs(run, host));
  await syncLabelsAndTaints(run, current);
  sayAddons(run);
  if (cluster.inactive.length > 0) {
    const names = cluster.inactive.map((host) => host.address).join(",");
    throw new Error(`Provisioning incomplete, host(s) [${names}] skipped because they could not be contacted`);
  }
  if (workersFailed !== "") throw new Error(workersFailed);
  log.info("Finished building Kubernetes cluster successfully");
}

export async function up(world: World, log: Log, options: UpOptions): Promise<void> {
  log.info(`Running RKE version: ${rkeVersion()}`);
  await init(world, log, options);
  await build(world, log, options);
}
