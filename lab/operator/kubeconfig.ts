/** The kubeconfig with which the operator reaches the cluster: that of a host which lives. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isOn, onHost } from "../hosts/host";
import { LabError, run } from "../machine/run";
import type { Place } from "../state/place";
import type { LabState } from "../state/state";
import { hostsOf, installerOf, isControlPlane, type LabTopology } from "../state/topology";
import { asOperator, operatorDir } from "./operator";

/** A host that has a kubeconfig, and the text that the operator can use. */
interface Holder {
  host: string;
  file: string;
  forOperator(text: string): string;
}

/**
 * A deploy host of RKE's cluster has a kubeconfig with that side's own API server. A control plane host that kubeadm made has one that
 * leads to controlPlaneEndpoint, a name that the operator's machine doesn't know: the operator asks the host itself.
 */
function holders(topology: LabTopology): Holder[] {
  switch (installerOf(topology)) {
    case "rke":
      return topology.datacenters.flatMap(({ deployHost }) =>
        deployHost === undefined
          ? []
          : [{ host: deployHost, file: "/etc/rke-dr/kube_config_cluster.yml", forOperator: (text) => text }],
      );
    case "unit":
      return [];
    case "kubeadm":
    case "kubespray":
    case "kubekey":
      return hostsOf(topology)
        .filter(isControlPlane)
        .map((host) => ({
          host: host.name,
          file: "/etc/kubernetes/admin.conf",
          forOperator: (text) =>
            text.replace(/^( *server: ).*$/m, `$1https://${host.internalAddress ?? host.address}:6443`),
        }));
  }
}

/** Path of a copy of it; that of the first holder whose API server is ready, or else of the first that has one. */
export async function operatorKubeconfig(place: Place, state: LabState): Promise<string> {
  const found: string[] = [];
  const tried: string[] = [];
  for (const { host, file: onItsHost, forOperator } of holders(state.topology)) {
    if (!isOn(place, host)) {
      tried.push(`${host} is off`);
      continue;
    }
    const read = await run(onHost(place, host, ["cat", onItsHost]));
    if (read.code !== 0) {
      tried.push(`${host} has no ${onItsHost}`);
      continue;
    }
    const file = join(operatorDir(place), `kubeconfig-${host}`);
    writeFileSync(file, forOperator(read.stdout), { mode: 0o600 });
    const ready = kubectlCommand(place, state, file, ["--request-timeout=3s", "get", "--raw", "/readyz"]);
    if ((await run(ready, { timeoutSeconds: 5 })).code === 0) return file;
    found.push(file);
  }
  if (found[0]) return found[0];
  throw new LabError(`kubeconfig: a living host must have one, none has (${tried.join("; ")})`);
}

export const kubectlCommand = (place: Place, state: LabState, kubeconfig: string, args: readonly string[]): string[] =>
  asOperator(place, [state.kubectl, `--kubeconfig=${kubeconfig}`, ...args]);
