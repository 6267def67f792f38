/** The kubeconfig with which the operator reaches the cluster: that of a deploy host which lives. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isOn, onHost } from "../hosts/host";
import { LabError, run } from "../machine/run";
import type { Place } from "../state/place";
import type { LabState } from "../state/state";
import { asOperator, operatorDir } from "./operator";

const ON_HOST = "/etc/rke-dr/kube_config_cluster.yml";

/** Path of a copy of it; that of the first deploy host whose API server is ready, or else of the first that has one. */
export async function operatorKubeconfig(place: Place, state: LabState): Promise<string> {
  const found: string[] = [];
  const tried: string[] = [];
  for (const { deployHost } of state.topology.datacenters) {
    if (deployHost === undefined) continue;
    if (!isOn(place, deployHost)) {
      tried.push(`${deployHost} is off`);
      continue;
    }
    const read = await run(onHost(place, deployHost, ["cat", ON_HOST]));
    if (read.code !== 0) {
      tried.push(`${deployHost} has none`);
      continue;
    }
    const file = join(operatorDir(place), `kubeconfig-${deployHost}`);
    writeFileSync(file, read.stdout, { mode: 0o600 });
    const ready = kubectlCommand(place, state, file, ["--request-timeout=3s", "get", "--raw", "/readyz"]);
    if ((await run(ready, { timeoutSeconds: 5 })).code === 0) return file;
    found.push(file);
  }
  if (found[0]) return found[0];
  throw new LabError(`kubeconfig: a living deploy host must have ${ON_HOST}, none has (${tried.join("; ")})`);
}

export const kubectlCommand = (place: Place, state: LabState, kubeconfig: string, args: readonly string[]): string[] =>
  asOperator(place, [state.kubectl, `--kubeconfig=${kubeconfig}`, ...args]);
