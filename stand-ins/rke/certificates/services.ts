/** The certificates that RKE makes, renews or drops, in its order and with its messages. */
import type { Log } from "../log";
import { certificateName } from "../plan/process";
import type { RkeConfig } from "../rke-config";
import { adminKubeconfig, type Bundle, type CertificateEntry, entryOf } from "./bundle";
import { type Issued, issueCa, issueLeaf, type LeafRequest } from "./issue";
import { altNames, namesOf, sameInAnyOrder, sameInOrder } from "./names";

interface Making {
  bundle: Bundle;
  config: RkeConfig;
  log: Log;
}

function caOf(bundle: Bundle, name = "kube-ca", called = "CA"): Issued {
  const entry = bundle[name];
  if (!entry?.certificatePEM || !entry.keyPEM) throw new Error(`${called} Certificate or Key is empty`);
  return entry;
}

function has(bundle: Bundle, name: string): boolean {
  return Boolean(bundle[name]?.certificatePEM);
}

export async function makeCas(bundle: Bundle, log: Log): Promise<void> {
  log.info("[certificates] Generating CA kubernetes certificates");
  const ca = await issueCa("kube-ca");
  bundle["kube-ca"] = entryOf("kube-ca", ca.certificatePEM, ca.keyPEM);
  await makeRequestHeaderCa(bundle, log);
}

export async function makeRequestHeaderCa(bundle: Bundle, log: Log): Promise<void> {
  log.info("[certificates] Generating Kubernetes API server aggregation layer requestheader client CA certificates");
  const name = "kube-apiserver-requestheader-ca";
  const ca = await issueCa(name);
  bundle[name] = entryOf(name, ca.certificatePEM, ca.keyPEM);
}

async function issueEntry(ca: Issued, name: string, request: LeafRequest, own = false): Promise<CertificateEntry> {
  const made = await issueLeaf(ca, request);
  const names = own ? { commonName: request.commonName, organization: request.organization } : {};
  return entryOf(name, made.certificatePEM, made.keyPEM, names);
}

async function makeApiServer({ bundle, config, log }: Making): Promise<void> {
  const ca = caOf(bundle);
  const nodes = config.nodes.filter((node) => node.role.includes("controlplane"));
  const names = altNames(nodes, config, config.authentication.sans);
  const old = bundle["kube-apiserver"];
  if (old?.certificatePEM && sameInOrder(names, namesOf(old.certificatePEM))) return;
  log.info("[certificates] Generating Kubernetes API server certificates");
  const request = { commonName: "kube-apiserver", server: true, names, keyPEM: old?.keyPEM };
  const made = await issueEntry(ca, "kube-apiserver", request);
  bundle["kube-apiserver"] = made;
  const token = "kube-service-account-token";
  if (!bundle[token]?.keyPEM) {
    log.info("[certificates] Generating Service account token key");
    bundle[token] = entryOf(token, made.certificatePEM, made.keyPEM, { commonName: token });
  }
}

async function makeServiceToken({ bundle }: Making): Promise<void> {
  const ca = caOf(bundle);
  const name = "kube-service-account-token";
  if (has(bundle, name)) return;
  const keyPEM = bundle[name]?.keyPEM || bundle["kube-apiserver"]?.keyPEM;
  bundle[name] = await issueEntry(ca, name, { commonName: name, server: false, keyPEM }, true);
}

/** A client certificate that is made once and then kept. */
function component(name: string, said: string, request: LeafRequest, own: boolean, keyFrom = name, caName = "kube-ca") {
  return async ({ bundle, log }: Making): Promise<void> => {
    const ca = caOf(bundle, caName, caName === "kube-ca" ? "CA" : "Request Header CA");
    if (has(bundle, name)) return;
    log.info(`[certificates] Generating ${said}`);
    bundle[name] = await issueEntry(ca, name, { ...request, keyPEM: bundle[keyFrom]?.keyPEM }, own);
  };
}

function client(name: string, said: string) {
  return component(name, said, { commonName: `system:${name}`, server: false }, false);
}

const makeNode = component(
  "kube-node",
  "Node certificate",
  { commonName: "system:node", organization: "system:nodes", server: false },
  true,
  // RKE gives the node certificate kube-proxy's key.
  "kube-proxy",
);

const makeProxyClient = component(
  "kube-apiserver-proxy-client",
  "Kubernetes API server proxy client certificates",
  { commonName: "kube-apiserver-proxy-client", server: true },
  false,
  "kube-apiserver-proxy-client",
  "kube-apiserver-requestheader-ca",
);

/** At every run, with the same key. */
function makeAdmin(kubeConfigPath: string) {
  return async ({ bundle, config, log }: Making): Promise<void> => {
    log.info("[certificates] Generating admin certificates and kubeconfig");
    const ca = caOf(bundle);
    const name = "kube-admin";
    const request = { commonName: name, organization: "system:masters", server: false, keyPEM: bundle[name]?.keyPEM };
    const entry = await issueEntry(ca, name, request, true);
    const control = config.nodes.find((node) => node.role.includes("controlplane"));
    if (control) {
      entry.config = adminKubeconfig(control.address, config.clusterName, ca.certificatePEM, entry);
      entry.configPath = kubeConfigPath;
    } else {
      entry.config = "";
    }
    bundle[name] = entry;
  };
}

async function makeEtcd({ bundle, config, log }: Making): Promise<void> {
  const ca = caOf(bundle);
  const nodes = config.nodes.filter((node) => node.role.includes("etcd"));
  const names = altNames(nodes, config);
  const wanted = new Set<string>();
  for (const node of nodes) {
    const name = certificateName("kube-etcd", node);
    wanted.add(name);
    const old = bundle[name];
    if (old?.certificatePEM && sameInAnyOrder(names, namesOf(old.certificatePEM))) continue;
    log.info(`[certificates] Generating ${name} certificate and key`);
    const request = { commonName: "kube-etcd", server: true, names, keyPEM: old?.keyPEM };
    bundle[name] = await issueEntry(ca, name, request);
  }
  for (const name of Object.keys(bundle)) {
    if (!name.startsWith("kube-etcd") || wanted.has(name)) continue;
    log.info(`[certificates] Deleting unused certificate: ${name}`);
    delete bundle[name];
  }
}

async function takeExternalEtcd({ bundle, config }: Making): Promise<void> {
  const { externalUrls, cert = "", key = "", caCert = "" } = config.services.etcd;
  if (!externalUrls || externalUrls.length === 0) return;
  bundle["kube-etcd-client"] = entryOf("kube-etcd-client", cert, key);
  bundle["kube-etcd-client-ca"] = entryOf("kube-etcd-client-ca", caCert, "");
}

/** Brings `bundle` to what `config` needs. Only a missing certificate, or one for other names, is made anew. */
export async function makeServiceCertificates(making: Making, kubeConfigPath: string): Promise<void> {
  making.log.info(
    "[certificates] GenerateServingCertificate is disabled, checking if there are unused kubelet certificates",
  );
  const steps = [
    makeApiServer,
    makeServiceToken,
    client("kube-controller-manager", "Kube Controller certificates"),
    client("kube-scheduler", "Kube Scheduler certificates"),
    client("kube-proxy", "Kube Proxy certificates"),
    makeNode,
    makeAdmin(kubeConfigPath),
    makeProxyClient,
    makeEtcd,
    takeExternalEtcd,
  ];
  for (const step of steps) await step(making);
}
