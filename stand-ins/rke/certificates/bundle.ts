/** The certificates of a cluster, as cluster.rkestate holds them, and as the cert-deployer container gets them. */
import type { Host } from "../hosts";
import { certificateName, certPath, configPath, keyPath } from "../plan/process";
import type { NodeConfig } from "../rke-config";

export interface CertificateEntry {
  certificatePEM: string;
  keyPEM: string;
  config: string;
  name: string;
  commonName: string;
  ouName: string;
  envName: string;
  path: string;
  keyEnvName: string;
  keyPath: string;
  configEnvName: string;
  configPath: string;
}

export type Bundle = Record<string, CertificateEntry>;

const WITHOUT_KUBECONFIG = ["kube-ca", "kube-apiserver", "kube-service-account-token"];

/** The kubeconfig a component uses on its host: through the local kube-apiserver, or nginx-proxy in its place. */
function componentKubeconfig(name: string): string {
  return kubeconfigText("https://127.0.0.1:6443", "local", name, {
    "certificate-authority": certPath("kube-ca"),
    "client-certificate": certPath(name),
    "client-key": keyPath(name),
  });
}

export function adminKubeconfig(address: string, clusterName: string, ca: string, admin: CertificateEntry): string {
  const base64 = (pem: string) => Buffer.from(pem).toString("base64");
  return kubeconfigText(`https://${address}:6443`, clusterName, "kube-admin", {
    "certificate-authority-data": base64(ca),
    "client-certificate-data": base64(admin.certificatePEM),
    "client-key-data": base64(admin.keyPEM),
  });
}

function kubeconfigText(server: string, cluster: string, component: string, files: Record<string, string>): string {
  const [authority, ...client] = Object.entries(files).map(([key, value]) => `${key}: ${value}`);
  const user = `${component}-${cluster}`;
  return [
    "apiVersion: v1",
    "kind: Config",
    "clusters:",
    "- cluster:",
    "    api-version: v1",
    `    ${authority}`,
    `    server: "${server}"`,
    `  name: "${cluster}"`,
    "contexts:",
    "- context:",
    `    cluster: "${cluster}"`,
    `    user: "${user}"`,
    `  name: "${cluster}"`,
    `current-context: "${cluster}"`,
    "users:",
    `- name: "${user}"`,
    "  user:",
    ...client.map((line) => `    ${line}`),
  ].join("\n");
}

export interface EntryNames {
  commonName?: string;
  organization?: string;
}

export function entryOf(
  name: string,
  certificatePEM: string,
  keyPEM: string,
  names: EntryNames = {},
): CertificateEntry {
  const envName = name.toUpperCase().replaceAll("-", "_");
  const plain = WITHOUT_KUBECONFIG.includes(name) || name.includes("kube-etcd") || name.includes("kube-kubelet");
  return {
    certificatePEM,
    keyPEM,
    config: plain ? "" : componentKubeconfig(name),
    name,
    commonName: names.commonName || `system:${name}`,
    ouName: names.organization ?? "",
    envName,
    path: certPath(name),
    keyEnvName: `${envName}_KEY`,
    keyPath: keyPath(name),
    configEnvName: plain ? "" : `KUBECFG_${envName}`,
    configPath: plain ? "" : configPath(name),
  };
}

const EVERY_HOST = ["kube-ca", "kube-proxy", "kube-node"];
const CONTROL_HOST = [
  "kube-apiserver",
  "kube-service-account-token",
  "kube-controller-manager",
  "kube-scheduler",
  "kube-etcd-client",
  "kube-etcd-client-ca",
  "kube-apiserver-requestheader-ca",
  "kube-apiserver-proxy-client",
];

function namesFor(nodes: NodeConfig[], host: Host): string[] {
  const names = [...EVERY_HOST];
  const node = nodes.find((each) => each.address === host.address);
  if (node?.role.includes("controlplane")) names.push(...CONTROL_HOST);
  if (node?.role.includes("etcd")) {
    const etcd = nodes.filter((each) => each.role.includes("etcd"));
    names.push(...etcd.map((each) => certificateName("kube-etcd", each)));
  }
  return names;
}

/** The cert-deployer's environment on a host. The CA's key goes to control plane hosts only. */
export function deployEnvironment(nodes: NodeConfig[], host: Host, bundle: Bundle, force: boolean): string[] {
  const env: string[] = [];
  for (const name of namesFor(nodes, host)) {
    const entry = bundle[name];
    if (entry === undefined) continue;
    const keyStays = name === "kube-ca" && !host.isControl;
    if (entry.keyPEM !== "" && !keyStays) env.push(`${entry.keyEnvName}=${entry.keyPEM}`);
    if (entry.certificatePEM !== "") env.push(`${entry.envName}=${entry.certificatePEM}`);
    if (entry.config !== "" && entry.configEnvName !== "") env.push(`${entry.configEnvName}=${entry.config}`);
  }
  if (force) env.push("FORCE_DEPLOY=true");
  return env;
}
