/** The files beside kube-apiserver, and its restart if one of them may have changed. */
import { isDeepStrictEqual } from "node:util";
import type { Cluster } from "../cluster";
import { AUDIT_POLICY_PATH, AUDIT_POLICY_YAML } from "../defaults";
import { ADMISSION_PATH, admissionYaml } from "../plan/checksums";
import { deploysAdmission, restartsOnChange } from "../releases";
import { restartContainer } from "./containers";
import { messageOf, type Run } from "./run";
import { deployFile } from "./tools";

export async function deployFiles(run: Run): Promise<void> {
  const { log, cluster } = run;
  const { extraArgs } = cluster.config.services.kubeApi;
  if (deploysAdmission() && extraArgs?.["admission-control-config-file"] === undefined) {
    await deployToControl(run, ADMISSION_PATH, admissionYaml(cluster.config.kubernetesVersion));
    log.info(`[${ADMISSION_PATH}] Successfully deployed admission control config to Cluster control nodes`);
  }
  if (extraArgs?.["audit-policy-file"] !== undefined) return;
  await deployToControl(run, AUDIT_POLICY_PATH, AUDIT_POLICY_YAML);
  log.info(`[${AUDIT_POLICY_PATH}] Successfully deployed audit policy file to Cluster control nodes`);
}

async function deployToControl(run: Run, path: string, content: string): Promise<void> {
  for (const host of run.cluster.control) {
    run.log.info(`[file-deploy] Deploying file [${path}] to node [${host.address}]`);
    try {
      await deployFile(run, host, path, content);
    } catch (error) {
      throw new Error(`[file-deploy] Failed to deploy file [${path}] on node [${host.address}]: ${messageOf(error)}`);
    }
  }
}

/** The first control plane host's alone: RKE returns from inside its loop. Checksums that leaked into the state count, too. */
export async function restartIfChanged(run: Run, current: Cluster | undefined): Promise<void> {
  const [first] = run.cluster.control;
  if (current === undefined || first === undefined || !restartsOnChange()) return;
  const [before, after] = [current, run.cluster].map(({ config }) => config.services.kubeApi);
  if (!isDeepStrictEqual(before, after)) await restartContainer(run, first, "kube-apiserver");
}
