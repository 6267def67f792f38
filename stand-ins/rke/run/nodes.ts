/** Nodes of the Kubernetes API, with RKE's patience. */
import type { Host } from "../hosts";
import { type KubeApi, NotFound } from "../io/world";
import { messageOf, type Run, waitUpTo } from "./run";

export interface KubeNode {
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: { unschedulable?: boolean; taints?: { key: string; value?: string; effect: string }[] };
  status?: { conditions?: { type: string; status: string }[] };
}

const TRIES = 5;
const INTERVAL_MS = 5000;
const HOSTNAME = "kubernetes.io/hostname";

export async function ask<T>(kube: KubeApi, method: string, path: string, body?: unknown): Promise<T> {
  const answer = await kube.request(method, path, body);
  if (answer.status >= 200 && answer.status < 300) return JSON.parse(answer.body) as T;
  const message = (() => {
    try {
      return (JSON.parse(answer.body) as { message: string }).message;
    } catch {
      return `the server responded with status ${answer.status}`;
    }
  })();
  throw answer.status === 404 ? new NotFound(message) : new Error(message);
}

export async function listNodes(kube: KubeApi): Promise<KubeNode[]> {
  return (await ask<{ items: KubeNode[] }>(kube, "GET", "/api/v1/nodes")).items;
}

export function nodeHost(node: KubeNode): string {
  return node.metadata.labels?.[HOSTNAME] ?? "";
}

export function isReady(node: KubeNode): boolean {
  return (node.status?.conditions ?? []).some((each) => each.type === "Ready" && each.status === "True");
}

/** By its hostname label. A node that isn't there is waited for: 25 s in all. */
export async function getNode({ world }: Pick<Run, "world">, kube: KubeApi, name: string): Promise<KubeNode> {
  let failure: unknown;
  let found: KubeNode | undefined;
  const look = async () => {
    try {
      const nodes = await listNodes(kube);
      failure = undefined;
      found = nodes.find((node) => nodeHost(node).toLowerCase() === name.toLowerCase());
    } catch (error) {
      failure = error;
    }
    return found !== undefined;
  };
  if (await look()) return found as KubeNode;
  await waitUpTo(world, TRIES * INTERVAL_MS, look);
  if (found !== undefined) return found;
  throw failure ?? new NotFound(` "${name}" not found`);
}

export async function putNode(kube: KubeApi, node: KubeNode): Promise<void> {
  await ask(kube, "PUT", `/api/v1/nodes/${node.metadata.name}`, node);
}

export async function cordon(run: Pick<Run, "world">, kube: KubeApi, name: string, cordoned: boolean): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const node = await getNode(run, kube, name);
    if ((node.spec?.unschedulable ?? false) === cordoned) return;
    try {
      await putNode(kube, { ...node, spec: { ...node.spec, unschedulable: cordoned } });
    } catch {
      // Mostly a conflict with the kubelet's own update: read again.
      await run.world.sleep(500);
    }
  }
  throw new Error(`Failed to set cordonded state for node: ${name}`);
}

/** A host that still has another role keeps its Node. */
export async function deleteNode(
  run: Pick<Run, "world" | "log">,
  kube: KubeApi,
  host: Host,
  otherRole: boolean,
): Promise<void> {
  const { log } = run;
  if (otherRole) {
    log.info(`[hosts] host [${host.address}] has another role, skipping delete from kubernetes cluster`);
    return;
  }
  log.info(`[hosts] Cordoning host [${host.address}]`);
  try {
    await getNode(run, kube, host.name);
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    log.warn(`[hosts] Can't find node by name [${host.address}]`);
    return;
  }
  await cordon(run, kube, host.name, true);
  log.info(`[hosts] Deleting host [${host.address}] from the cluster`);
  await ask(kube, "DELETE", `/api/v1/nodes/${host.name}`);
  log.info(`[hosts] Successfully deleted host [${host.address}] from the cluster`);
}

export async function checkReady(
  run: Pick<Run, "world" | "log">,
  kube: KubeApi,
  host: Host,
  plane: string,
): Promise<void> {
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    run.log.info(`[${plane}] Now checking status of node ${host.name}, try #${attempt}`);
    try {
      if (isReady(await getNode(run, kube, host.name))) return;
      if (await waitUpTo(run.world, INTERVAL_MS, async () => isReady(await getNode(run, kube, host.name)))) return;
    } catch (error) {
      throw new Error(`[${plane}] Error getting node ${host.name}: ${messageOf(error)}`);
    }
  }
  throw new Error(`host ${host.name} not ready`);
}

function parseTaint(text: string) {
  const [key = "", rest = ""] = text.split("=");
  const [value = "", effect = ""] = rest.split(":");
  return { key, value, effect };
}

/** The node as RKE wants it: addresses as annotations, labels, taints. */
export function synced(node: KubeNode, host: Host): KubeNode {
  const external = "rke.cattle.io/external-ip";
  const annotations = { ...node.metadata.annotations };
  const current = annotations[external];
  if (current !== host.address || current !== host.internalAddress) {
    annotations[external] = host.address;
    annotations["rke.cattle.io/internal-ip"] = host.internalAddress;
  }
  const labels = { ...node.metadata.labels };
  for (const key of Object.keys(host.toDelLabels)) delete labels[key];
  Object.assign(labels, host.toAddLabels);
  const same = (a: ReturnType<typeof parseTaint>, b: { key: string; value?: string; effect: string }) =>
    a.key === b.key && a.value === (b.value ?? "") && a.effect === b.effect;
  let taints = [...(node.spec?.taints ?? [])];
  for (const taint of host.toAddTaints.map(parseTaint)) {
    if (!taints.some((each) => same(taint, each))) taints.push(taint);
  }
  for (const taint of host.toDelTaints.map(parseTaint)) taints = taints.filter((each) => !same(taint, each));
  const spec = { ...node.spec, ...(taints.length > 0 || node.spec?.taints ? { taints } : {}) };
  return { ...node, metadata: { ...node.metadata, annotations, labels }, spec };
}

export async function syncNode(run: Pick<Run, "world">, kube: KubeApi, host: Host): Promise<void> {
  let failure: unknown;
  for (let attempt = 0; attempt <= TRIES; attempt++) {
    try {
      const node = await getNode(run, kube, host.name);
      const wanted = synced(node, host);
      if (JSON.stringify(wanted) !== JSON.stringify({ ...node, spec: { ...node.spec } })) await putNode(kube, wanted);
      return;
    } catch (error) {
      failure = error;
      await run.world.sleep(1000);
    }
  }
  throw failure;
}
