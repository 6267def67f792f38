/** The desired state: cluster.yml and the certificates it needs, written before anything else happens. */
import type { Bundle } from "./certificates/bundle";
import { readFolder, validateCustom } from "./certificates/custom";
import { makeCas, makeRequestHeaderCa, makeServiceCertificates } from "./certificates/services";
import { type Cluster, pathsOf } from "./cluster";
import type { Log } from "./log";
import type { FullState } from "./state";

export interface CertificateSource {
  custom: boolean;
  folder: string;
}

function customBundle(cluster: Cluster, folder: string, log: Log): Bundle {
  const within = (what: string, error: unknown) =>
    new Error(`Failed to ${what} certificates from dir [${folder}]: ${(error as Error).message}`);
  let bundle: Bundle;
  try {
    bundle = readFolder(folder);
  } catch (error) {
    if (error instanceof Error && error.constructor === Error) throw within("read", error);
    throw error;
  }
  try {
    validateCustom(bundle, cluster.config, cluster.kubeConfigPath, log);
  } catch (error) {
    throw within("validates", error);
  }
  return bundle;
}

async function bundleFor(cluster: Cluster, old: FullState, source: CertificateSource, log: Log): Promise<Bundle> {
  if (source.custom) return customBundle(cluster, source.folder, log);
  const { config } = cluster;
  const known = old.desiredState.certificatesBundle;
  if (known === undefined) {
    const bundle: Bundle = {};
    try {
      await makeCas(bundle, log);
      // A fresh bundle names the default kubeconfig, whatever --config says.
      await makeServiceCertificates({ bundle, config, log }, pathsOf("cluster.yml").kubeConfigPath);
    } catch (error) {
      throw new Error(`Failed to generate certificate bundle: ${(error as Error).message}`);
    }
    return bundle;
  }
  const bundle = structuredClone(known);
  if (!bundle["kube-apiserver-requestheader-ca"]?.certificatePEM) await makeRequestHeaderCa(bundle, log);
  await makeServiceCertificates({ bundle, config, log }, cluster.kubeConfigPath);
  return bundle;
}

export async function rebuildState(
  cluster: Cluster,
  old: FullState,
  source: CertificateSource,
  log: Log,
): Promise<FullState> {
  const certificatesBundle = await bundleFor(cluster, old, source, log);
  return {
    desiredState: { rkeConfig: structuredClone(cluster.config), certificatesBundle },
    currentState: old.currentState,
  };
}
