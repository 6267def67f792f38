import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parse } from "yaml";
import { adminKubeconfig } from "../certificates/bundle";
import type { Run } from "./run";

export function writeKubeconfig({ log }: Pick<Run, "log">, path: string, text: string): void {
  if (text === "") {
    log.info("kubeConfig is empty");
    return;
  }
  writeFileSync(path, text, { mode: 0o640 });
  log.info(`Successfully Deployed local admin kubeconfig at [${path}]`);
}

async function answers({ world, cluster }: Run): Promise<boolean> {
  try {
    return (await world.kube(cluster.kubeConfigPath).request("GET", "/version")).status === 200;
  } catch {
    return false;
  }
}

/** For a control plane host that answers: the first in the list, or else the last one tried. */
export async function rebuildKubeconfig(run: Run): Promise<void> {
  const { log, cluster } = run;
  if (cluster.control.length === 0) return;
  log.info("[reconcile] Rebuilding and updating local kube config");
  const admin = cluster.certificates["kube-admin"];
  const ca = cluster.certificates["kube-ca"]?.certificatePEM ?? "";
  let found = false;
  for (const host of cluster.control) {
    const text = admin
      ? adminKubeconfig(host.address, cluster.config.clusterName, ca, admin)
      : withNewAddress(cluster.kubeConfigPath, host.address);
    writeKubeconfig(run, cluster.kubeConfigPath, text);
    if (admin) admin.config = text;
    if (await answers(run)) {
      log.info(
        `[reconcile] host [${host.address}] is a control plane node with reachable Kubernetes API endpoint in the cluster`,
      );
      found = true;
      break;
    }
    log.warn(
      `[reconcile] host [${host.address}] is a control plane node without reachable Kubernetes API endpoint in the cluster`,
    );
  }
  if (!found) log.warn("[reconcile] no control plane node with reachable Kubernetes API endpoint in the cluster found");
}

/** Keeps the credentials of a kubeconfig that is there while the state is lost. */
function withNewAddress(path: string, address: string): string {
  if (!existsSync(path)) return "";
  return readFileSync(path, "utf8").replace(/^(\s*server:\s*).*$/m, `$1"https://${address}:6443"`);
}

export function kubeconfigAddress(path: string): string {
  const config = parse(readFileSync(path, "utf8")) as { clusters: { cluster: { server: string } }[] };
  return new URL(config.clusters[0]?.cluster.server ?? "").hostname;
}
