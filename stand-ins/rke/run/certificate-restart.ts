/** Services that RKE restarts when a certificate they use has changed. Only asked after a forced deployment. */
import type { Cluster } from "../cluster";
import { uniqueHosts } from "../hosts";
import { certificateName } from "../plan/process";
import { restartContainer } from "./containers";
import type { Run } from "./run";

const API = "kube-apiserver";
const CONTROLLER = "kube-controller-manager";
const USERS: Record<string, string[]> = {
  "kube-ca": [API, CONTROLLER, "kubelet"],
  "kube-apiserver": [API, CONTROLLER],
  "kube-apiserver-requestheader-ca": [API],
  "kube-service-account-token": [API, CONTROLLER],
  "kube-apiserver-proxy-client": [API],
  "kube-controller-manager": [CONTROLLER],
  "kube-scheduler": ["kube-scheduler"],
  "kube-proxy": ["kube-proxy"],
  "kube-node": ["kubelet"],
};

/** A CA's key doesn't count: hosts may have the certificate without it. */
export function changedCertificates(
  current: Pick<Cluster, "certificates">,
  wanted: Pick<Cluster, "certificates">,
  names: string[],
): string[] {
  return names.filter((name) => {
    const before = current.certificates[name];
    const after = wanted.certificates[name];
    if ((before?.certificatePEM ?? "") !== (after?.certificatePEM ?? "")) return true;
    const keyCounts = name !== "kube-ca" && name !== "kube-apiserver-requestheader-ca";
    return keyCounts && (before?.keyPEM ?? "") !== (after?.keyPEM ?? "");
  });
}

export async function restartForCertificates(run: Run, current: Cluster): Promise<void> {
  const { cluster } = run;
  const changed = changedCertificates(current, cluster, Object.keys(USERS));
  for (const name of changed) {
    for (const host of uniqueHosts(cluster)) {
      for (const service of USERS[name] ?? []) await restartContainer(run, host, service);
    }
  }
  for (const host of cluster.etcd) {
    const own = changedCertificates(current, cluster, [certificateName("kube-etcd", host)]);
    if (own.length > 0 || changed.includes("kube-ca")) await restartContainer(run, host, "etcd", host.name);
  }
}
